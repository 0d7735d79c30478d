#!/usr/bin/env python3
"""Boots disk images in QEMU: the good one, and every kind of bad one, with and without Secure Boot and TPM.

Usage: boot_test.py [NAME ...]     Last line: "N passed, N failed".
"""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from qemu import OUT, ROOT, Machine, Tpm  # noqa: E402
from screen import read_text  # noqa: E402

BOOT_SECONDS = 180
REFUSED = "Lona does not start: "
STARTED = "kernel: Lona"
SNAKEOIL = pathlib.Path("/usr/share/ovmf")
IMAGES = ["kernel.elf", "runtime.elf", "lona.img"]

passed = failed = 0
work = pathlib.Path(tempfile.mkdtemp(prefix="lona-disks-"))


def check(true, what):
    global passed, failed
    if true:
        passed += 1
        print(f"ok   {what}", flush=True)
    else:
        failed += 1
        print(f"FAIL {what}", flush=True)


def files():
    """What the good disk holds: path: bytes."""
    all_files = {"EFI/BOOT/BOOTX64.EFI": OUT / "BOOTX64.EFI", "EFI/LONA/MANIFEST": OUT / "manifest"}
    all_files |= {f"EFI/LONA/{name.upper()}": OUT / name for name in IMAGES}
    return {path: source.read_bytes() for path, source in all_files.items()}


def small():
    """A disk with a small root domain: quick to check for a loader under emulation."""
    folder = OUT / "suite.user"
    all_files = {"EFI/BOOT/BOOTX64.EFI": folder / "BOOTX64.EFI", "EFI/LONA/MANIFEST": folder / "manifest",
                 "EFI/LONA/KERNEL.ELF": OUT / "kernel.elf", "EFI/LONA/USER.ELF": folder / "user.elf"}
    return {path: source.read_bytes() for path, source in all_files.items()}


def build_disk(name, content):
    folder = work / name
    folder.mkdir()
    arguments = []
    for i, (path, data) in enumerate(content.items()):
        (folder / str(i)).write_bytes(data)
        arguments.append(f"{path}={folder / str(i)}")
    disk = folder / "disk"
    subprocess.run([sys.executable, ROOT / "tools" / "make-disk.py", disk, *arguments], check=True)
    return disk


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def changed(path, change, content=None):
    content = content or small()
    content[path] = change(content[path])
    return content


def expect_refusal(name, content, words, **options):
    with Machine(build_disk(name, content), **options) as machine:
        machine.expect(["Stopped.", STARTED], BOOT_SECONDS)
        refusal = machine.text.partition(REFUSED)[2]
        check(words in refusal and STARTED not in machine.text, f"refused, {name}: {words}")
        if words not in refusal:
            print(machine.text[-600:])


# ---- loaders for other manifests: compiled with another hash ----


def loader_for(manifest, folder):
    digest = ", ".join(f"0x{byte:02x}" for byte in hashlib.sha256(manifest).digest())
    (folder / "boot").mkdir(parents=True)
    (folder / "boot" / "manifest_hash.h").write_text(f"#define MANIFEST_SHA256 {{{digest}}}\n")
    target = folder / "files.o"
    subprocess.run(["clang-19", "--target=x86_64-unknown-windows", "-std=gnu11", "-O2", f"-I{folder}", f"-I{ROOT}", "-ffreestanding",
                    "-nostdlibinc", "-mno-red-zone", "-mno-stack-arg-probe", "-fno-stack-protector", "-c",
                    ROOT / "boot" / "files.c", "-o", target], check=True)
    objects = [path for path in sorted((OUT / "boot").rglob("*.o")) if path.name != "files.c.o"]
    subprocess.run(["lld-link-19", "/subsystem:efi_application", "/entry:efi_main", "/nodefaultlib", "/Brepro",
                    f"/out:{folder / 'loader.efi'}", target, *objects], check=True)
    return (folder / "loader.efi").read_bytes()


def lying(name, lie, words):
    content = small()
    manifest = lie(content["EFI/LONA/MANIFEST"].decode()).encode()
    assert manifest != content["EFI/LONA/MANIFEST"]
    content["EFI/LONA/MANIFEST"] = manifest
    content["EFI/BOOT/BOOTX64.EFI"] = loader_for(manifest, work / f"{name}-loader")
    expect_refusal(name, content, words)


# ---- the tests ----

# What is typed at the prompt, what must come, what that shows.
KERNEL_WORDS = [
    ("(lona.kernel/cpus)", "\n2", "a word of the kernel from Lonala"),
    ("(try (lona.kernel/region-share 99) (catch :bad-handle c (:word c)))", "\n:region-share", "a refusal is a condition"),
    ('(let [c (lona.kernel/channel-create 4) s (lona.kernel/channel-mint c 2 7)] (lona.kernel/send-message s "hello")'
     " [(:badge (lona.kernel/receive-message c)) (lona.kernel/receive-message c)])", "\n[7 nil]", "a message through a channel"),
    ('(let [me (self)] (spawn (fn [] (send me (try (lona.kernel/cpus) (catch :no-capability c :refused)))) [] {:domain "guest"}) (receive x x))',
     "\n:refused", "nobody but the root domain"),
]



def test_normal():
    with Machine(build_disk("normal", files())) as machine:
        check(machine.expect(["lona> "], BOOT_SECONDS) is not None, "boots to the prompt")
        check("2 found" in machine.text and REFUSED not in machine.text, "both processors are there")
        start = len(machine.text)
        machine.type("(* 6 7)\r")
        check(machine.expect(["\n42"], 20, start) is not None, "the prompt computes")
        for text, answer, what in KERNEL_WORDS:
            start = len(machine.text)
            machine.type(text + "\r")
            check(machine.expect([answer], 20, start) is not None, what)
        picture = work / "screen.ppm"
        machine.monitor(f'screendump "{picture}"')
        rows = read_text(picture)
        log = [line for line in machine.text.partition("kernel: Lona")[2].splitlines() if line][:6]
        check("kernel: Lona, x86-64" in rows and all(line in rows for line in log[1:]), "the screen shows the boot log")
        machine.type("(lona.core/-halt 0)\r")
        check(machine.ended(20) == 0, "the machine switches itself off")
        if failed:
            print(machine.text[-2000:])


def test_driver():
    """The console's driver is Lonala: shown, killed and replaced through the very prompt that it carries."""
    with Machine(build_disk("driver", files())) as machine:
        machine.expect(["lona> "], BOOT_SECONDS)

        def ask(text, answer, what):
            start = len(machine.text)
            machine.type(text + "\r")
            machine.expect([text], 30, start)
            check(machine.expect([answer], 60, start + len(text)) is not None, what)
            machine.expect(["lona> "], 10, machine.text.rindex(answer) if answer in machine.text[start:] else start)

        ask("(source uart/transmit)", "(set-register DATA byte)", "the driver's code is shown")
        ask("(def old (whereis :uart))", "#'user/old", "the driver has a name")
        ask("(exit (whereis :uart) :boom)", "\ntrue", "it can be killed, and nothing is lost")
        ask("(if (= old (whereis :uart)) :same :another)", "\n:another", "its supervisor has brought it back")
        ask("(in-ns 'uart)", "#<namespace uart>", "its namespace")
        ask("(defn- wait-for-room [] (if (= 0 (bit-and ROOM (register-value STATUS))) (recur) :room))", "#'uart/wait-for-room",
            "it is redefined while it carries the prompt")
        ask("(* 6 7)", "\n42", "and goes on")
        ask("(:type (handler-case (word PORT-READ (:ports @held) 8 1) (:error c c)))", "\n:io-error",
            "its capability does not reach beyond its ports")
        if failed:
            print(machine.text[-3000:])


def test_other_machines():
    with Machine(build_disk("four", files()), cpus=4, memory=6144, extra=["-no-hpet"]) as machine:
        check(machine.expect(["lona> "], BOOT_SECONDS) is not None, "boots with 4 processors, 6 GiB, no HPET")
        check("4 found" in machine.text, "all four are there")
    expect_refusal("old-processor", small(), "this processor has no POPCNT instruction", extra=["-cpu", "qemu64"])


def test_same_bytes():
    first, second = build_disk("same1", files()).read_bytes(), build_disk("same2", files()).read_bytes()
    check(first == second, "the same files give the same disk")
    disk = work / "same1" / "disk"
    verdict = subprocess.run(["/usr/sbin/sgdisk", "--verify", disk], capture_output=True, text=True).stdout
    check("No problems found" in verdict, "sgdisk finds no problem in the partition table")
    listing = subprocess.run(["mdir", "-i", f"{disk}@@1M", "-b", "::EFI/LONA"], capture_output=True, text=True).stdout
    check(all(name.upper() in listing for name in IMAGES), "mtools finds the files")


def test_changed_kernel():
    expect_refusal("kernel", changed("EFI/LONA/KERNEL.ELF", lambda d: flip(d, len(d) // 2)), "kernel kernel.elf: it has been changed")


def test_changed_runtime():
    expect_refusal("runtime", changed("EFI/LONA/RUNTIME.ELF", lambda d: flip(d, len(d) - 1), files()),
                   "runtime runtime.elf: it has been changed")


def test_changed_library():
    expect_refusal("library", changed("EFI/LONA/LONA.IMG", lambda d: flip(d, 100), files()),
                   "library lona.img: it has been changed")


def test_truncated():
    expect_refusal("truncated", changed("EFI/LONA/USER.ELF", lambda d: d[:-1]), "it is shorter than the manifest says")


def test_longer():
    expect_refusal("longer", changed("EFI/LONA/KERNEL.ELF", lambda d: d + b"\0"), "it is longer than the manifest says")


def test_missing():
    content = small()
    del content["EFI/LONA/USER.ELF"]
    expect_refusal("missing", content, "the file user.elf: it is missing")


def test_no_manifest():
    content = small()
    del content["EFI/LONA/MANIFEST"]
    expect_refusal("no-manifest", content, "the file manifest: it is missing")


def test_changed_manifest():
    expect_refusal("manifest", changed("EFI/LONA/MANIFEST", lambda d: d.replace(b"root user", b"root xser")),
                   "the boot manifest: it has been changed since this loader was built")


def test_lying_digest():
    lying("digest", lambda text: re.sub(r"(user\.elf runtime \d+ )(\w)", lambda m: m[1] + ("0" if m[2] != "0" else "1"), text),
          "runtime user.elf: it has been changed")


def test_lying_size():
    lying("size", lambda text: re.sub(r"(kernel\.elf kernel )(\d+)", lambda m: m[1] + str(int(m[2]) + 1), text),
          "kernel kernel.elf: it is shorter")


def test_unknown_root():
    lying("root", lambda text: text.replace("root user.elf", "root other.elf"), "the root domain is not among its images")


def sign(data, name):
    """With the snakeoil key that Debian's OVMF trusts; its pass phrase is public."""
    key, plain, signed = work / "key", work / f"{name}.efi", work / f"{name}.signed"
    if not key.exists():
        subprocess.run(["openssl", "rsa", "-in", SNAKEOIL / "PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out", key],
                       check=True, capture_output=True)
    plain.write_bytes(data)
    subprocess.run(["sbsign", "--key", key, "--cert", SNAKEOIL / "PkKek-1-snakeoil.pem", "--output", signed, plain],
                   check=True, capture_output=True)
    return signed.read_bytes()


def test_secure_boot():
    content = changed("EFI/BOOT/BOOTX64.EFI", lambda d: sign(d, "good"))
    with Machine(build_disk("signed", content), secure=True) as machine:
        check(machine.expect([STARTED, REFUSED], BOOT_SECONDS) == STARTED, "Secure Boot takes the signed loader")
    content["EFI/LONA/KERNEL.ELF"] = flip(content["EFI/LONA/KERNEL.ELF"], 5000)
    expect_refusal("signed-kernel", content, "kernel kernel.elf: it has been changed", secure=True)


def refused_by_firmware(name, content):
    with Machine(build_disk(name, content), secure=True) as machine:
        said = machine.expect(["Access Denied", "Security Violation", "boot: Lona", STARTED], BOOT_SECONDS)
        check(said in ("Access Denied", "Security Violation"), f"the firmware refuses the loader: {name}")


def test_secure_boot_refusals():
    refused_by_firmware("unsigned", small())
    signed = sign(small()["EFI/BOOT/BOOTX64.EFI"], "bad")
    refused_by_firmware("signed-changed", changed("EFI/BOOT/BOOTX64.EFI", lambda d: flip(signed, 0x600)))


def replay(log):
    """What tpm2_eventlog computes from the log: {register: SHA-256}."""
    path = work / "log"
    path.write_bytes(log)
    text = subprocess.run(["tpm2_eventlog", path], capture_output=True, text=True, check=True).stdout
    bank = text.rpartition("\npcrs:")[2].partition("sha256:")[2]
    bank = bank.split("sha384:")[0].split("sha512:")[0]
    return text, {int(m[1]): bytes.fromhex(m[2]) for m in re.finditer(r"^\s+(\d+)\s*:\s*0x([0-9a-fA-F]{64})", bank, re.M)}


def test_tpm():
    with Tpm() as tpm, Machine(build_disk("tpm", files()), tpm=tpm) as machine:
        check(machine.expect(["lona> "], BOOT_SECONDS) is not None, "boots with a TPM")
        check("checked and measured" in machine.text, "the images were measured")
        found = re.search(r"tpm: event log at ([0-9a-f]+), (\d+) bytes", machine.text)
        if found is None:
            check(False, "the kernel knows the event log")
            return
        dump = work / "memory"
        machine.monitor(f'pmemsave 0x{found[1]} {found[2]} "{dump}"')
        log = dump.read_bytes()
        machine.kill()
        text, replayed = replay(log)
        for pcr, what in ((8, "manifest"), (9, "images"), (4, "loader"), (7, "Secure Boot state")):
            check(pcr in replayed and replayed[pcr] == tpm.read_pcr(pcr), f"the log replays to register {pcr} ({what})")
        for name in ["MANIFEST"] + [name.upper() for name in IMAGES]:
            digest = hashlib.sha256(files()[f"EFI/LONA/{name}"]).hexdigest()
            check(digest in text.lower(), f"the log has the digest of {name}")


def main():
    tests = {name[5:]: run for name, run in globals().items() if name.startswith("test_")}
    for name, run in tests.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        try:
            run()
        except Exception as e:  # a broken test is a failed test
            check(False, f"{name}: {type(e).__name__}: {e}")
    shutil.rmtree(work, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
