#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is what other languages see complete? Reads the GIR and the shared library; prints TAP.

  test-gir.py GIR LIBRARY

Warnings of the scanner are errors already; this finds what it says nothing about: functions that it dropped,
symbols without a doc comment, and names that a binding's language cannot say.
"""
import keyword
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
DOCUMENTED = ['class', 'interface', 'record', 'enumeration', 'bitfield', 'member', 'constant', 'callback',
              'function', 'method', 'constructor', 'virtual-method', 'property']
CALLABLES = ['function', 'method', 'constructor']
# GObject's own, and what the languages keep for themselves (decision D21).
TAKEN = {'connect', 'disconnect', 'emit', 'notify', 'ref', 'unref', 'get_property', 'set_property', 'get_data',
         'set_data', 'bind_property', 'constructor', 'toString'}
KEYWORDS = {*keyword.kwlist,
            # C++
            *('and asm auto bool catch class delete explicit export friend mutable namespace new not operator or'
              ' private protected public register template this throw try typename using virtual xor').split(),
            # JavaScript
            *'async await debugger delete enum export extends function import in instanceof super switch typeof'
            ' var void with yield'.split(),
            # Vala
            *'abstract async base construct default delegate ensures errordomain finally foreach global in inline'
            ' interface internal is lock new null out override owned params protected requires signal sizeof'
            ' struct throws unlock unowned var virtual weak yield'.split()}


class Gir:
    def __init__(self, path):
        self.namespace = ElementTree.parse(path).getroot().find(f'{CORE}namespace')
        self.items = list(self.walk(self.namespace, self.namespace.get('name')))

    def walk(self, parent, path):
        for item in parent:
            tag = item.tag.removeprefix(CORE).removeprefix(GLIB)
            name = item.get('name')
            if name and tag in DOCUMENTED + ['signal', 'field']:
                separator = {'property': ':', 'signal': '::'}.get(tag, '.')
                yield tag, f'{path}{separator}{name}', item
                if tag not in CALLABLES and not self.is_class_struct(item):
                    yield from self.walk(item, f'{path}.{name}')

    def dropped(self, symbols):
        """Public functions that are neither in the GIR nor a type's or domain's own."""
        known = {item.get(C + 'identifier') for _, _, item in self.items}
        known |= {item.get(GLIB + 'get-type') for _, _, item in self.items}
        # Documented and hidden on purpose: the scanner still writes them, as introspectable="0".
        return sorted(symbols - known)

    def undocumented(self):
        for tag, path, item in self.items:
            if tag in DOCUMENTED + ['signal'] and not self.is_class_struct(item):
                if item.find(f'{CORE}doc') is None and item.find(f'{CORE}doc-deprecated') is None:
                    yield path

    def undated(self):
        for tag, path, item in self.items:
            if tag in DOCUMENTED + ['signal'] and tag != 'member' and not self.is_class_struct(item):
                if item.get('version') is None:
                    yield path

    def undocumented_parameters(self):
        for tag, path, item in self.items:
            if tag in [*CALLABLES, 'signal', 'virtual-method', 'callback']:
                for parameter in item.findall(f'{CORE}parameters/{CORE}parameter'):
                    if parameter.find(f'{CORE}doc') is None:
                        yield f"{path} ({parameter.get('name')})"
                result = item.find(f'{CORE}return-value')
                kind = result.find(f'{CORE}type') if result is not None else None
                if (result is not None and result.find(f'{CORE}doc') is None
                        and (kind is None or kind.get('name') != 'none')):
                    yield f'{path} (returns)'

    def unsayable(self):
        for tag, path, item in self.items:
            name = item.get('name').replace('-', '_')
            if tag in [*CALLABLES, 'signal', 'virtual-method', 'property']:
                if name in TAKEN and not self.is_plain_record(path):
                    yield f"{path} hides GObject's own"
                # new() is what constructors are called in every binding.
                elif name in KEYWORDS and name != 'new':
                    yield f'{path} is a keyword somewhere'

    def is_class_struct(self, item):
        return item.get(GLIB + 'is-gtype-struct-for') is not None or item.get('disguised') == '1'

    def is_plain_record(self, path):
        owner = path.rsplit('.', 1)[0]
        return any(tag == 'record' and name == owner for tag, name, _ in self.items)

    def unmarked(self):
        """_async without _finish, and the other way round."""
        functions = {item.get(C + 'identifier'): item for _, _, item in self.items}
        functions.pop(None, None)
        names = set(functions)
        for name, item in sorted(functions.items()):
            if name.endswith('_async') and f"{name.removesuffix('_async')}_finish" not in names:
                # foo_full_async() ends in foo_finish().
                if f"{name.removesuffix('_async').removesuffix('_full')}_finish" not in names:
                    yield f'{name}: no _finish'
            takes = {kind.get('name') for kind in item.iter(CORE + 'type')}
            if 'Gio.AsyncResult' in takes and f"{name.removesuffix('_finish')}_async" not in names:
                yield f'{name}: no _async'


def symbols_in(library):
    output = subprocess.run(['nm', '-D', '--defined-only', '--format=posix', library],
                            check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in output.split('\n') if line.startswith('devssh_') and ' T ' in line}


def main():
    gir = Gir(sys.argv[1])
    checks = [
        ('nothing-dropped', gir.dropped(symbols_in(sys.argv[2]))),
        ('documented', gir.undocumented()),
        ('since', gir.undated()),
        ('parameters-documented', gir.undocumented_parameters()),
        ('sayable', gir.unsayable()),
        ('async-in-pairs', gir.unmarked()),
        ('not-empty', [] if len(gir.items) > 100 else [f'only {len(gir.items)} items']),
    ]
    failed = False
    print(f'1..{len(checks)}')
    for number, (name, faults) in enumerate(checks, 1):
        faults = list(faults)
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} /gir/{name}")
        for fault in faults:
            print(f'# {fault}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
