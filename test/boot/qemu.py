"""QEMU for tests: a machine with the disk under test, its serial console read as it comes, its monitor, its TPM."""
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "x86_64"
OVMF = pathlib.Path("/usr/share/OVMF")


class Machine:
    def __init__(self, disk, secure=False, tpm=None, cpus=2, memory=256, extra=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lona-boot-"))
        variables = self.folder / "vars.fd"
        code = OVMF / ("OVMF_CODE_4M.secboot.fd" if secure else "OVMF_CODE_4M.fd")
        shutil.copy(OVMF / ("OVMF_VARS_4M.snakeoil.fd" if secure else "OVMF_VARS_4M.fd"), variables)
        self.monitor_path = self.folder / "monitor"
        command = ["qemu-system-x86_64", "-machine", "q35,smm=on" if secure else "q35", "-accel", "tcg", "-cpu", "max",
                   "-smp", str(cpus), "-m", str(memory), "-nodefaults", "-no-reboot", "-display", "none", "-vga", "std",
                   "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                   "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
                   "-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}",
                   "-device", "virtio-blk-pci,drive=disk,bootindex=0", "-serial", "stdio",
                   "-monitor", f"unix:{self.monitor_path},server,nowait"]
        if secure:
            command += ["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"]
        if tpm:
            command += ["-chardev", f"socket,id=tpm,path={tpm.control}", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
                        "-device", "tpm-tis,tpmdev=tpm0"]
        self.process = subprocess.Popen(command + list(extra), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def expect(self, words, seconds, start=0):
        """Read until one of words has come behind start; the one that came, or None when time is up or the machine ended."""
        end = time.monotonic() + seconds
        while True:
            for word in words:
                if word in self.text[start:]:
                    return word
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return next((word for word in words if word in self.text[start:]), None)
            self.text += data.decode("utf-8", "replace")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def ended(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def monitor(self, command, seconds=10):
        """A line to QEMU's monitor; its answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(seconds)
            s.connect(str(self.monitor_path))
            answer = b""
            while b"(qemu)" not in answer:
                answer += s.recv(4096)
            s.sendall(command.encode() + b"\n")
            answer = b""
            while b"(qemu)" not in answer:
                answer += s.recv(4096)
            return answer.decode("utf-8", "replace")


class Tpm:
    """swtpm, and a way to talk to it when the machine is gone."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lona-tpm-"))
        self.control = self.folder / "control"
        self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}",
                                         "--ctrl", f"type=unixio,path={self.control}", "--flags", "not-need-init"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if self.control.exists():
                break
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def read_pcr(self, index):
        """The SHA-256 bank's register, by TPM2_PCR_Read over a data channel of our own."""
        ours, theirs = socket.socketpair()
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.control))
            socket.send_fds(control, [struct.pack(">I", 0x10)], [theirs.fileno()])  # CMD_SET_DATAFD
            if control.recv(64)[:4] != b"\0\0\0\0":
                raise RuntimeError("swtpm refuses a data channel")
            theirs.close()
            selection = bytes([1 << index % 8 if i == index // 8 else 0 for i in range(3)])
            command = struct.pack(">HIIIHB", 0x8001, 20, 0x17E, 1, 0x0B, 3) + selection
            ours.settimeout(10)
            ours.sendall(command)
            answer = ours.recv(4096)
            ours.close()
        return answer[-32:]
