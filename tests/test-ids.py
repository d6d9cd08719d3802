#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has every threat of docs/threats.md and every case of docs/edge-cases.md a test that carries its id in its
path? Prints TAP.

  test-ids.py [ROOT]    checks a tree (this one by default), and that a missing test would be noticed
"""
import re
import sys
from pathlib import Path

# Each page, and how its ids begin.
PAGES = {'threats.md': 'T', 'edge-cases.md': 'E'}

# What has no test yet, by what it comes with. An id that has one must leave this table.
LATER = {
    'tests/run, which is its test': ['T-91'],
}
SOURCES = ('.c', '.py', '.js', '.mjs')
CHECKERS = ('test-ids.py', 'test-floors.py')       # what they quote is no path
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
ID = re.compile(r'\b[TE]-\d\d\b')


def ids_in(name, text):
    """The ids in strings that are paths; what a comment says is no test."""
    if name.endswith('.c'):
        text = COMMENT_OR_STRING.sub(lambda match: '' if match[0].startswith('/') else match[0], text)
    return {found for match in STRING.finditer(text) if '/' in match[0] for found in ID.findall(match[0])}


def tested(root):
    found = set()
    for path in (root / 'tests').rglob('*'):
        if path.suffix in SOURCES and path.name not in CHECKERS and 'node_modules' not in path.parts:
            found |= ids_in(path.name, path.read_text(encoding='utf-8', errors='replace'))
    return found


def documented(root):
    return [name for page, letter in PAGES.items()
            for name in re.findall(rf'^\| ({letter}-\d\d) \|', (root / 'docs' / page).read_text(encoding='utf-8'), re.M)]


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if root.is_file():
        root = root.parent.parent
    have, rows = tested(root), documented(root)
    later = {name: why for why, names in LATER.items() for name in names}
    results = [
        ('self-test/path', ids_in('a.c', 'add ("/a/b/T-17/E-03", f);') == {'T-17', 'E-03'}),
        ('self-test/comment', ids_in('a.c', '/* "/a/T-17" */ x = "T-18";') == set()),
        ('once', len(rows) == len(set(rows))),
    ]
    results += [(f'tested/{name}', name in have) for name in rows if name not in later]
    results += [(f'later/{name}', name in rows and name not in have) for name in later]
    results += [(f'documented/{name}', name in rows) for name in sorted(have)]

    print(f'1..{len(results)}')
    for number, (name, good) in enumerate(results, 1):
        print(f'{"ok" if good else "not ok"} {number} /ids/{name}')
    return 0 if all(good for _, good in results) else 1


if __name__ == '__main__':
    sys.exit(main())
