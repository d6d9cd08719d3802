#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what programs were linked to with what was just built. Prints TAP.

  test-abi.py [--update] LIBRARY SOURCE INCLUDE COMPILER...

INCLUDE is where the generated headers are. --update writes the baseline anew (tests/install/update-abi calls it so).

The baseline is in data/abi, as abidw writes it: the functions, with all that can be reached from them; and the public types,
because what a plugin derives from (a class structure, say) is a parameter of no function. Functions that are new are told and
are no failure: until a release has them nobody is linked to them, so what they look like may still change.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# abidiff's exit code is made of bits.
FAILED, MISUSED, CHANGED, INCOMPATIBLE = 1, 2, 4, 8
UPDATE = ('programs that are there would have to be built anew. Before the first release they may, after it this takes another soversion: '
          'if it is meant, run tests/install/update-abi')

update = '--update' in sys.argv
LIBRARY, SOURCE, INCLUDE, *COMPILER = [word for word in sys.argv[1:] if word != '--update']
SOURCE, INCLUDE = os.path.abspath(SOURCE), os.path.abspath(INCLUDE)
BASELINE = Path(SOURCE) / 'data' / 'abi'


def run(command, accept=0):
    """What it says. Ends everything if its exit code has a bit that is not in accept."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode & ~accept:
        sys.exit(f'{command[0]} ended with {done.returncode}:\n{done.stdout}')
    return done.returncode, done.stdout


def public_headers():
    return sorted(path for folder in (SOURCE, INCLUDE) for path in (Path(folder) / 'libdevssh').rglob('*.h')
                  if not path.name.endswith('-private.h'))


def represent(library, output):
    options = ['--drop-private-types', '--no-show-locs', '--no-corpus-path', '--no-comp-dir-path', '--no-elf-needed',
               '--no-parameter-names', '--no-write-default-sizes', '--drop-undefined-syms', '--exported-interfaces-only',
               '--type-id-style', 'hash']
    headers = [word for path in public_headers() for word in ('--header-file', str(path))]
    run(['abidw', *options, *headers, '--out-file', str(output), str(library)])


def types_library(folder):
    """A library with a function that takes one of each public type."""
    source = folder / 'types.c'
    flags = subprocess.run(['pkg-config', '--cflags', 'gio-2.0'], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    flags = [*flags, '-I', SOURCE, '-I', INCLUDE]
    source.write_text('#include <libdevssh/devssh.h>\n', encoding='utf-8')
    _, text = run([*COMPILER, *flags, '-E', '-P', str(source)])
    names = {name for declaration in re.findall(r'\btypedef\b[^;{]*(?:\{[^}]*\}[^;]*)?;', text)
             for name in re.findall(r'(?<!struct )\b(DevSsh\w+)(?=\s*;|\)\s*\()', declaration) if '_' not in name}
    assert len(names) > 80, names
    with source.open('a', encoding='utf-8') as file:
        file.write('void devssh_types (void);\nvoid devssh_types (void) {}\n')
        for name in sorted(names):
            file.write(f'void devssh_type_{name} ({name} *it);\nvoid devssh_type_{name} ({name} *it) {{ (void) it; }}\n')
    run([*COMPILER, *flags, '-g', f'-fdebug-prefix-map={folder}=.', '-shared', '-fPIC', '-o', str(folder / 'types.so'), str(source)])
    return folder / 'types.so'


def represent_all(folder):
    represent(LIBRARY, folder / 'functions.abi')
    represent(types_library(folder), folder / 'types.abi')


def compare(number, kind, folder):
    """One line of TAP; whether it is a good one."""
    files = [str(BASELINE / f'{kind}.abi'), str(folder / f'{kind}.abi')]
    code, text = run(['abidiff', '--no-added-syms', *files], CHANGED | INCOMPATIBLE)
    if code:
        for line in (text + UPDATE).splitlines():
            print(f'# {line}')
    else:
        added = run(['abidiff', *files], CHANGED)[1]
        new = re.findall(r"\[A\] '(.*)'", added)
        if new:
            print(f'# {len(new)} new since the baseline, which tests/install/update-abi takes in:')
            for declaration in new:
                print(f'#   {declaration}')
    print(f'{"not ok" if code else "ok"} {number} /abi/{kind}-are-those-of-the-baseline')
    return code == 0


def main():
    missing = [name for name in ('abidw', 'abidiff') if not shutil.which(name)]
    sections = subprocess.run(['readelf', '-SW', LIBRARY], stdout=subprocess.PIPE, text=True, check=True).stdout
    if missing:
        why = f'no {missing[0]}'
    elif '.debug_info' not in sections:
        why = 'the library has no debug information'
    elif os.uname().machine != 'x86_64':
        why = 'the baseline is of another machine'
    else:
        why = None
    if why:
        print(f'1..0 # SKIP {why}')
        return 1 if update else 0

    with tempfile.TemporaryDirectory(prefix='devssh-abi-') as name:
        folder = Path(name)
        represent_all(folder)
        if update:
            for kind in ('functions', 'types'):
                # At the end: abidiff knows a file by its first line.
                text = (folder / f'{kind}.abi').read_text(encoding='utf-8')
                (BASELINE / f'{kind}.abi').write_text(text + '<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n',
                                                      encoding='utf-8')
            return 0
        print('1..2')
        return 0 if all([compare(1, 'functions', folder), compare(2, 'types', folder)]) else 1


if __name__ == '__main__':
    sys.exit(main())
