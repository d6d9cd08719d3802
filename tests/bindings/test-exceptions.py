#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a handler raises is a refusal and a traceback: in every signal, virtual method and factory. Prints TAP.

  test-exceptions.py GIR
"""
import sys

import stage
import tap
from stage import CORE, GLIB, DevSsh

WAYS = ['raises', 'answers and raises', 'answers']


def called_back(namespace):
    """All through which the library calls a program, as stage.ROWS names it."""
    names = set()
    for owner in namespace:
        if owner.tag in (CORE + 'class', CORE + 'interface'):
            names.update(f"{owner.get('name')}::{signal.get('name')}" for signal in owner.findall(GLIB + 'signal'))
            names.update(f"{owner.get('name')}.{method.get('name')}" for method in owner.findall(CORE + 'virtual-method'))
    for parameter in namespace.iter(CORE + 'parameter'):
        if parameter.get('scope') in ('notified', 'call', 'forever'):
            names.add(parameter.find(CORE + 'type').get('name'))
    return names


def check(row):
    DevSsh.run(row(stage.Watch(WAYS)))


def all_have_rows(names):
    assert names and not names ^ set(stage.ROWS), sorted(names ^ set(stage.ROWS))


def main():
    names = called_back(stage.namespace_of(sys.argv[1]))
    tests = [('all-there-are', lambda: all_have_rows(names))]
    for name, rows in stage.ROWS.items():
        for number, row in enumerate(rows):
            tests.append((f"{name.replace('::', '/').replace('.', '/')}{f'/{row.__name__}' if len(rows) > 1 else ''}",
                          lambda row=row: check(row)))
    chosen = sys.argv[2:]
    return tap.run('/python/exceptions', [test for test in tests if not chosen or test[0] in chosen])


if __name__ == '__main__':
    sys.exit(main())
