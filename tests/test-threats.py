#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has every threat of docs/threats.md a test that carries its id in its path? Prints TAP.

  test-threats.py [ROOT]    checks a tree (this one by default), and that a missing test would be noticed
"""
import re
import sys
from pathlib import Path

# T-43 (half a packet, then silence, in a session that is logged in) comes with keepalive.
LATER = ['T-43']
IDS = [f'T-{number:02d}' for number in (*range(1, 3), *range(10, 58), 60, 64, 65, 67, *range(83, 88))]
SOURCES = ('.c', '.py', '.js', '.mjs')
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
ID = re.compile(r'\bT-\d\d\b')


def ids_in(name, text):
    """The ids in strings that are paths; what a comment says is no test."""
    if name.endswith('.c'):
        text = COMMENT_OR_STRING.sub(lambda match: '' if match[0].startswith('/') else match[0], text)
    return {found for match in STRING.finditer(text) if '/' in match[0] for found in ID.findall(match[0])}


def tested(root):
    found = set()
    for path in (root / 'tests').rglob('*'):
        if path.suffix in SOURCES and path.name != 'test-threats.py' and 'node_modules' not in path.parts:
            found |= ids_in(path.name, path.read_text(encoding='utf-8', errors='replace'))
    return found


def documented(root):
    return set(re.findall(r'^\| (T-\d\d) \|', (root / 'docs' / 'threats.md').read_text(encoding='utf-8'), re.M))


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if root.is_file():
        root = root.parent.parent
    have, rows = tested(root), documented(root)
    results = [
        ('threats/self-test/path', ids_in('a.c', 'add ("/a/b/T-17", f);') == {'T-17'}),
        ('threats/self-test/comment', ids_in('a.c', '/* "/a/T-17" */ x = "T-18";') == set()),
    ]
    wanted = [name for name in IDS if name in rows and name not in LATER]
    results += [(f'threats/tested/{name}', name in have) for name in wanted]
    results += [(f'threats/documented/{name}', name in rows) for name in sorted(have)]

    print(f'1..{len(results)}')
    for number, (name, good) in enumerate(results, 1):
        print(f'{"ok" if good else "not ok"} {number} /{name}')
    return 0 if all(good for _, good in results) else 1


if __name__ == '__main__':
    sys.exit(main())
