"""What `make check` asks of the documents: links lead somewhere, commands exist, nothing names one machine."""

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND: Final = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?houtai ([a-z-]+)", re.MULTILINE)
MAKE: Final = re.compile(r"`make ([a-z]+)`")
MACHINE: Final = re.compile(r"/(?:home|root|work|Users)/")


def main() -> int:
    """Print what is wrong, a line each; the number of complaints is the exit code (at most 1)."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wiring = (ROOT / "api/cli/app.py").read_text()
    commands = set(re.findall(r'(?:command\(|name=)"([a-z-]+)"', wiring))
    complaints: list[str] = []
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "alerts").rglob("*.md")]
    for page in sorted(pages):
        body = page.read_text(encoding="utf-8")
        name = page.relative_to(ROOT)
        for target in LINK.findall(body):
            if "://" not in target and not target.startswith("/") and not (page.parent / target).exists():
                complaints.append(f"{name}: link to {target}, which is not there")
        complaints += [f"{name}: `make {t}` is no target" for t in MAKE.findall(body) if t not in targets]
        for block in re.findall(r"```(?:sh|console|bash)?\n(.*?)```", body, re.DOTALL):
            complaints += [f"{name}: `houtai {c}` is no command" for c in COMMAND.findall(block) if c not in commands]
        if MACHINE.search(body):
            complaints.append(f"{name}: names a path of one machine")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"docs: {len(pages)} pages, {len(complaints)} complaints")
    return int(bool(complaints))


if __name__ == "__main__":
    raise SystemExit(main())
