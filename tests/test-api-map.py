#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is everything in api-map.txt there? Looks each line up in the GIR, or in the internal library; prints TAP.

  test-api-map.py GIR INTERNAL-LIBRARY [MAP]
"""
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
CALLABLES = ['method', 'function', 'constructor']
TYPES = ['class', 'interface', 'record', 'union', 'enumeration', 'bitfield']


def names_in(gir):
    """Every name of the namespace, written as api-map.txt writes it."""
    namespace = ElementTree.parse(gir).getroot().find(f'{CORE}namespace')
    prefix = namespace.get('name')
    names = set()
    for tag in ['constant', 'function', 'callback']:
        names.update(f"{prefix}.{item.get('name')}" for item in namespace.findall(CORE + tag))
    for kind in TYPES:
        for item in namespace.findall(CORE + kind):
            name = f"{prefix}.{item.get('name')}"
            names.add(name)
            for tag in CALLABLES:
                names.update(f"{name}.{child.get('name')}" for child in item.findall(CORE + tag))
            names.update(f"{name}.vfunc_{child.get('name')}" for child in item.findall(CORE + 'virtual-method'))
            names.update(f"{name}.{child.get('name').upper()}" for child in item.findall(CORE + 'member'))
            names.update(f"{name}:{child.get('name')}" for child in item.findall(CORE + 'property'))
            names.update(f"{name}::{child.get('name')}" for child in item.findall(GLIB + 'signal'))
    return names


def symbols_in(library):
    output = subprocess.run(['nm', '--defined-only', '--format=posix', library],
                            check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in output.split('\n') if ' ' in line}


def lines_of(text):
    """Yields (their name, our words)."""
    for line in text.split('\n'):
        if line and not line.startswith('#'):
            theirs, ours = line.split('  ', 1)
            yield theirs, ours.split()


def look_up(words, names, symbols):
    """What is missing."""
    missing = []
    words = iter(words)
    for word in words:
        if word == 'internal:':
            symbol = next(words, '')
            if symbol not in symbols:
                missing.append(symbol)
        elif word not in names:
            missing.append(word)
    return missing


def main():
    gir, library = sys.argv[1:3]
    table = sys.argv[3] if len(sys.argv) > 3 else Path(__file__).with_name('api-map.txt')
    entries = list(lines_of(Path(table).read_text(encoding='utf-8')))
    names = names_in(gir)
    symbols = symbols_in(library)
    failed = 0

    print(f'1..{len(entries) + 2}')
    for number, (theirs, ours) in enumerate(entries, 1):
        missing = look_up(ours, names, symbols)
        failed += bool(missing)
        path = '/api-map/' + theirs.replace(' ', '').replace('#', 'sharp')
        if missing:
            print(f"not ok {number} {path}\n# missing: {' '.join(missing)}")
        else:
            print(f'ok {number} {path}')

    # A look-up that finds everything would prove nothing.
    wrong = ['DevSsh.NoSuchThing', 'internal: devssh_no_such_thing']
    blind = [text for text in wrong if not look_up(text.split(), names, symbols)]
    twice = sorted({theirs for theirs, _ in entries if sum(theirs == other for other, _ in entries) > 1})
    for number, (path, faults) in enumerate([('can-fail', blind), ('each-once', twice)], len(entries) + 1):
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} /api-map/{path}" + ''.join(f'\n# {f}' for f in faults))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
