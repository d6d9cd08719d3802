#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Vala's programs see of the library is all that the GIR says, and what introspection/DevSsh-1.metadata adds. Prints TAP.

  test-vapi.py GIR VAPI
"""
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

GIR, VAPI = sys.argv[1:]
CORE = '{http://www.gtk.org/introspection/core/1.0}'
METADATA = Path(__file__).resolve().parents[2] / 'introspection' / 'DevSsh-1.metadata'

namespace = ElementTree.parse(GIR).getroot().find(f'{CORE}namespace')
vapi = Path(VAPI).read_text(encoding='utf-8')
results = []


def report(name, problems):
    results.append(not problems)
    for problem in problems:
        print(f'# {problem}')
    print(f'{"ok" if results[-1] else "not ok"} {len(results)} /vapi/{name}')


def bodies():
    """Each class and interface, and its lines."""
    for found in re.finditer(r'^\tpublic (?:sealed |abstract )*(?:class|interface) (\w+)[^\n]*\{\n(.*?)^\t\}', vapi, re.M | re.S):
        yield found[1], found[2].splitlines()


def nullable_properties():
    """A property may be null where its getter may."""
    for name, lines in bodies():
        getters = {found[1] for line in lines if (found := re.search(r'\?(?: \S+)* (?:get|dup)_(\w+) \(\)', line))}
        for line in lines:
            found = re.fullmatch(r'\t\tpublic (?:abstract )?(\S+) (\w+) \{.*\}', line)
            if found and (found[2] in getters) != found[1].endswith('?'):
                yield f'{name}.{found[2]} is {found[1]}: see {METADATA.name}'


def operations():
    """What the GIR calls ..._async can be awaited, gives what its finish function gives, and needs no cancellable."""
    asyncs = {method.get('name') for method in namespace.iter() if method.tag in (f'{CORE}method', f'{CORE}function')
              and method.get('name').endswith('_async')}
    found = {name: kind for kind, name in re.findall(r'^\t\tpublic (?:static |abstract )*(async [\w.?]+) (\w+)', vapi, re.M)}
    for name in sorted(asyncs):
        if name not in found:
            yield f'{name} cannot be awaited'
        elif found[name] == 'async void':
            yield f'{name} gives nothing: its finish function was not found'
    for line in vapi.splitlines():
        if 'GLib.Cancellable? cancellable' in line and 'GLib.Cancellable? cancellable = null' not in line:
            yield f'needs a cancellable: {line.strip()}'


def twice():
    """A function of a type is not there a second time beside it."""
    yield from re.findall(r'\[Version \(replacement = "([^"]+)"', vapi)


def unused_metadata():
    """A line of the metadata that speaks of nothing is of something that is gone."""
    for line in METADATA.read_text(encoding='utf-8').splitlines():
        words = line.split('//')[0].split()
        if not words or '*' in words[0]:
            continue
        owner, member = words[0].split('#')[0].split('.')
        if not any(name == owner and any(re.search(rf'\b{member}\b', text) for text in lines) for name, lines in bodies()):
            yield words[0]


report('properties/may-be-null-where-their-getters-may', list(nullable_properties()))
report('operations/can-be-awaited', list(operations()))
report('functions/are-there-once', list(twice()))
report('metadata/speaks-of-what-is-there', list(unused_metadata()))
print(f'1..{len(results)}')
sys.exit(0 if all(results) else 1)
