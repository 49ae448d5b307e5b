"""The computer's own memory, for those who show or budget it."""

from pathlib import Path


def host_memory() -> tuple[int, int]:
    """Total and available bytes; zeros where the system does not tell."""
    info = Path("/proc/meminfo")
    if not info.is_file():
        return 0, 0
    lines = (line.split() for line in info.read_text().splitlines())
    values = {words[0].rstrip(":"): int(words[1]) << 10 for words in lines if len(words) > 1}
    return values.get("MemTotal", 0), values.get("MemAvailable", 0)
