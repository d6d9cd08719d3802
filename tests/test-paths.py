#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does every file, folder and function that a document names exist? Prints TAP.

  test-paths.py [ROOT]    checks README.md, CONTRIBUTING.md and all of docs/ (of this tree by default), and that a name that
                          is gone would be noticed

A path stands in `code`, in a link, or in a command of the tree's own. It begins at the top of the tree, at libdevssh/, or
beside the document; a name without a folder may be any file's. What a page has its reader write is there, too.
"""
import os
import re
import sys
from pathlib import Path

FENCE = re.compile(r'^```.*?^```$', re.M | re.S)
LINK = re.compile(r'\]\(([^)\s:#]+)(?:#[^)\s]*)?\)')
CODE = re.compile(r'(?<!`)`([^`\n]+)`(?!`)')
COMMAND = re.compile(r'(?:^|[ =])((?:docs|examples|tests|tools)/[\w./-]+)', re.M)
WRITTEN = re.compile(r'^<!-- file: (\S+) -->$', re.M)
PATH = re.compile(r'[\w.*-]+(/[\w.*-]+)*/?')
NAME = re.compile(r'[\w*][\w*-]*(\.[\w-]+)*\.(c|h|py|js|mjs|vala|md|txt|svg|toml|in|supp|map)')
FUNCTION = re.compile(r'(devssh_\w+) ?\(.*\)')
SKIPPED = {'.git', 'node_modules', 'build', '__pycache__'}
# Files of others.
NOT_OURS = {'dlfcn.h'}


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = set()
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not self.is_skipped(folder, name)]
            self.files |= {os.path.relpath(os.path.join(folder, name), root) for name in names}
        self.names = {os.path.basename(path) for path in self.files}
        self.code = ''.join(Path(root, path).read_text(encoding='utf-8', errors='replace') for path in self.files
                            if re.match(r'(libdevssh|plugins|tools|examples)/.*\.[ch]$', path))

    def is_skipped(self, folder, name):
        return name in SKIPPED or (folder == str(self.root) and name.startswith('build'))

    def there(self, path, document):
        """None: it is no path of this tree."""
        if path.split('/')[0] == 'build' or path in NOT_OURS:
            return None
        places = [self.root, self.root / 'libdevssh', document.parent]
        if '/' in path.rstrip('/') or path.endswith('/'):
            if not any((place / path.split('/')[0]).is_dir() for place in places):
                return None
            return any(next(place.glob(path.rstrip('/')), None) is not None for place in places)
        if not NAME.fullmatch(path):
            return None
        pattern = re.compile(re.escape(path).replace(r'\*', '.*'))
        return any(pattern.fullmatch(name) for name in self.names)


def missing(text, document, tree, written):
    """What the text names and nobody has."""
    prose = FENCE.sub('', text)
    for target in LINK.findall(prose):
        if not (document.parent / target).exists():
            yield target
    for code in CODE.findall(prose):
        if match := FUNCTION.fullmatch(code):
            if not re.search(rf'\b{match[1]}\b', tree.code):
                yield code
        elif PATH.fullmatch(code) and code not in written and tree.there(code, document) is False:
            yield code
    for command in COMMAND.findall(re.sub(CODE, '', text)):
        # A program that is built is there as its source.
        if not any((tree.root / f'{command.rstrip(".")}{suffix}').exists() for suffix in ('', '.c')):
            yield command


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if root.is_file():
        root = root.parent.parent
    tree = Tree(root)
    documents = [root / 'README.md', root / 'CONTRIBUTING.md', *sorted((root / 'docs').rglob('*.md'))]
    texts = {document: document.read_text(encoding='utf-8') for document in documents}
    written = {name for text in texts.values() for name in WRITTEN.findall(text)}

    here = root / 'docs' / 'architecture.md'
    gone = '`session/gone.c` `devssh_gone()` `wire/gone-*.c` `gone.py` [x](GONE.md) `tests/gone/`\n    tests/gone-too\n'
    good = ('`session/devssh-session.c` `devssh_session_close()` `wire/devssh-*.c` `test-paths.py` [x](overview.md) `tests/wire/`'
            ' `text/plain` `SSH-2.0-x` `a.out` `echo.py` `build/x.c`\n    tests/run\n```\n`gone.py`\n```\n')
    results = [('self-test/gone', [] if len(list(missing(gone, here, tree, set()))) == 7 else ['not all seen']),
               ('self-test/good', list(missing(good, here, tree, {'echo.py'})))]
    for document, text in texts.items():
        results.append((str(document.relative_to(root)), list(missing(text, document, tree, written))))

    print(f'1..{len(results)}')
    for number, (name, lines) in enumerate(results, 1):
        for line in lines:
            print(f'{name}: there is no {line}', file=sys.stderr)
        print(f'{"not ok" if lines else "ok"} {number} /paths/{name}')
    return 1 if any(lines for _, lines in results) else 0


if __name__ == '__main__':
    sys.exit(main())
