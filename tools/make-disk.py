#!/usr/bin/env python3
"""Writes a bootable disk image: GPT with one EFI system partition, FAT16.  No root, no loop device, no outside tool.
The same files give the same bytes: serial numbers and GUIDs are derived from the contents, times are zero.

Usage: make-disk.py IMAGE PATH=FILE ...     PATH inside the partition, upper-case short names: EFI/BOOT/BOOTX64.EFI
Sources: UEFI specification 2.10 chapter 5 (GPT); Microsoft FAT specification 1.03.
"""
import hashlib
import struct
import sys
import zlib

SECTOR = 512
FIRST_SECTOR = 2048  # of the partition: aligned to 1 MiB
CLUSTER_SECTORS = 8
ROOT_ENTRIES = 512
RESERVED_SECTORS = 8
MIN_CLUSTERS, MAX_CLUSTERS = 4200, 65000  # what makes a FAT a FAT16
ESP_TYPE = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")  # C12A7328-F81F-11D2-BA4B-00A0C93EC93B
DOS_DATE = 1 << 5 | 1  # 1980-01-01


class Directory:
    def __init__(self):
        self.entries = {}  # name: Directory or bytes


def short_name(name):
    stem, dot, extension = name.partition(".")
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    if not 1 <= len(stem) <= 8 or len(extension) > 3 or not set(stem + extension) <= allowed or bool(dot) != bool(extension):
        sys.exit(f"make-disk: {name} is no short name in capitals")
    return stem.ljust(8).encode() + extension.ljust(3).encode()


def read_tree(arguments):
    root = Directory()
    for argument in arguments:
        path, _, source = argument.partition("=")
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.entries.setdefault(folder, Directory())
        with open(source, "rb") as file:
            at.entries[name] = file.read()
    return root


class Fat:
    """Clusters are given out in order of the walk; each file lies in one piece."""

    def __init__(self, root):
        self.chains = [0xFFF8, 0xFFFF]
        self.clusters = []
        self.root = self.directory(root, None, 0)

    def store(self, data):
        """First cluster of data; 0 for none."""
        size = CLUSTER_SECTORS * SECTOR
        count = (len(data) + size - 1) // size
        first = len(self.chains)
        for i in range(count):
            self.clusters.append(data[i * size : (i + 1) * size].ljust(size, b"\0"))
            self.chains.append(first + i + 1 if i + 1 < count else 0xFFFF)
        return first if count else 0

    @staticmethod
    def entry(name, attributes, cluster, size):
        return struct.pack("<11sBBBHHHHHHHI", name, attributes, 0, 0, 0, DOS_DATE, DOS_DATE, 0, 0, DOS_DATE, cluster, size)

    def directory(self, folder, own, parent):
        """The bytes of a directory whose own cluster is own (None: the root); its files are stored on the way."""
        data = b""
        if own is not None:
            data += self.entry(b".          ", 0x10, own, 0) + self.entry(b"..         ", 0x10, parent, 0)
        for name, content in folder.entries.items():
            if isinstance(content, Directory):
                if len(content.entries) > CLUSTER_SECTORS * SECTOR // 32 - 2:
                    sys.exit(f"make-disk: {name} has too many files for one cluster")
                first = self.store(b"\0")
                self.clusters[first - 2] = self.directory(content, first, own or 0).ljust(CLUSTER_SECTORS * SECTOR, b"\0")
                data += self.entry(short_name(name), 0x10, first, 0)
            else:
                data += self.entry(short_name(name), 0x20, self.store(content), len(content))
        return data

    def image(self, serial):
        clusters = max(MIN_CLUSTERS, len(self.clusters))
        if clusters > MAX_CLUSTERS:
            sys.exit("make-disk: the files do not fit on a FAT16")
        fat_sectors = ((clusters + 2) * 2 + SECTOR - 1) // SECTOR
        sectors = RESERVED_SECTORS + 2 * fat_sectors + ROOT_ENTRIES * 32 // SECTOR + clusters * CLUSTER_SECTORS
        boot = struct.pack(
            "<3s8sHBHBHHBHHHIIBBBI11s8s", b"\xeb\x3c\x90", b"LONA    ", SECTOR, CLUSTER_SECTORS, RESERVED_SECTORS, 2, ROOT_ENTRIES,
            0 if sectors > 0xFFFF else sectors, 0xF8, fat_sectors, 63, 255, FIRST_SECTOR, sectors if sectors > 0xFFFF else 0,
            0x80, 0, 0x29, serial, b"LONA       ", b"FAT16   ")
        boot = boot.ljust(510, b"\0") + b"\x55\xaa"
        table = struct.pack(f"<{len(self.chains)}H", *self.chains).ljust(fat_sectors * SECTOR, b"\0")
        parts = [boot.ljust(RESERVED_SECTORS * SECTOR, b"\0"), table, table, self.root.ljust(ROOT_ENTRIES * 32, b"\0"), *self.clusters]
        return b"".join(parts).ljust(sectors * SECTOR, b"\0")


def guid(seed, what):
    """A version 4 GUID, in the byte order of the disk."""
    raw = bytearray(hashlib.sha256(seed + what).digest()[:16])
    raw[7] = raw[7] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


def gpt_header(own, other, entries_at, total, disk_guid, entries):
    first, last = 34, total - 34
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, own, other, first, last, disk_guid, entries_at,
                       128, 128, zlib.crc32(entries))
    return (head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]).ljust(SECTOR, b"\0")


def disk(partition):
    seed = hashlib.sha256(partition).digest()
    sectors = len(partition) // SECTOR
    total = (FIRST_SECTOR + sectors + 34 + 2047) // 2048 * 2048
    name = "Lona".encode("utf-16-le").ljust(72, b"\0")
    entries = struct.pack("<16s16sQQQ72s", ESP_TYPE, guid(seed, b"partition"), FIRST_SECTOR, FIRST_SECTOR + sectors - 1, 0, name)
    entries = entries.ljust(128 * 128, b"\0")
    protective = b"\0" * 446 + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, total - 1)
    protective = protective.ljust(510, b"\0") + b"\x55\xaa"
    disk_guid = guid(seed, b"disk")
    front = protective + gpt_header(1, total - 1, 2, total, disk_guid, entries) + entries
    back = entries + gpt_header(total - 1, 1, total - 33, total, disk_guid, entries)
    return front.ljust(FIRST_SECTOR * SECTOR, b"\0") + partition.ljust((total - 33 - FIRST_SECTOR) * SECTOR, b"\0") + back


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    fat = Fat(read_tree(sys.argv[2:]))
    serial = zlib.crc32(b"".join(fat.clusters))
    with open(sys.argv[1], "wb") as out:
        out.write(disk(fat.image(serial)))


main()
