# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs tests, and prints TAP."""
import traceback


def tests_in(names):
    """(name, function) of what is called test_something; names: the globals of the caller."""
    return [(name.removeprefix('test_').replace('_', '-'), value)
            for name, value in names.items() if name.startswith('test_')]


def run(prefix, tests, cases={}):
    """cases: what the path of a test ends in. Returns what the process exits with."""
    failed = 0
    print(f'1..{len(tests)}')
    for number, (name, test) in enumerate(tests, 1):
        path = f'{prefix}/{name}{cases.get(name, "")}'
        try:
            test()
        except Exception:
            failed += 1
            traceback.print_exc()
            print(f'not ok {number} {path}', flush=True)
        else:
            print(f'ok {number} {path}', flush=True)
    return 1 if failed else 0
