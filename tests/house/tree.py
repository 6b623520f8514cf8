"""What the house tests read: the repository's own files, and a way to report findings."""

import pathlib
import subprocess
import sys

SKIPPED_DIRECTORIES = {".git", "build", "var", ".cache", "node_modules", "__pycache__"}
LAYERS = ["events", "ledger", "projections", "consumers", "ops"]


def files(root):
    """Every file that is, or is about to be, part of the repository; as paths relative to root."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
        found = [pathlib.PurePosixPath(name) for name in names if (root / name).is_file()]
    else:  # an unpacked source archive
        found = [pathlib.PurePosixPath(path.relative_to(root).as_posix())
                 for path in root.rglob("*")
                 if path.is_file() and not SKIPPED_DIRECTORIES & set(path.relative_to(root).parts)]
    return sorted(found)


def cxx(root):
    return [path for path in files(root) if path.suffix in (".h", ".cc", ".inc")]


def text(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def main(check):
    """Runs check(root) -> list of findings; prints them; exit 1 when there are any."""
    root = pathlib.Path(sys.argv[1]).resolve()
    findings = check(root)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s)")
    sys.exit(1 if findings else 0)
