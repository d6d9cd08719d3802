#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up the subtests in meson's logs, and says which failed.

  summary.py [--broken=WHAT]... TESTLOG.JSON...    ends with "N passed, N failed, N skipped"
  summary.py --self-test                           prints TAP

A test that fails as a whole although each of its subtests passed (it crashed at its end, leaked,
ran out of time, broke its plan) counts as one failure more.
"""
import itertools
import json
import re
import sys

RESULT = re.compile(r'^\s*(not )?ok\b\s*(\d*)\s*(?:- )?([^#]*)(?:#\s*(\w+)[^\n]*)?')


def subtests(stdout):
    """Yields (name, 'passed' | 'failed' | 'skipped') for each line of TAP; a failure's name brings
    what the test says of it in the lines behind."""
    lines = stdout.split('\n')
    for index, line in enumerate(lines):
        match = RESULT.match(line)
        if match:
            refused, number, name, directive = match.groups()
            directive = (directive or '').upper()
            if directive.startswith('SKIP'):
                result = 'skipped'
            elif refused:
                result = 'failed'
                said = itertools.takewhile(lambda line: line.startswith('#'), lines[index + 1:])
                name = '\n'.join([name.strip(), *itertools.islice(said, 20)])
            else:
                result = 'passed'
            yield name.strip() or number, result


def count(entry):
    """One entry of testlog.json: what its subtests came to, and the names of the failures."""
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    failures = []
    whole = {'OK': 'passed', 'EXPECTEDFAIL': 'passed', 'SKIP': 'skipped'}.get(entry['result'], 'failed')
    for name, result in subtests(entry.get('stdout') or ''):
        counts[result] += 1
        if result == 'failed':
            failures.append(f"{entry['name']}: {name}")
    if whole == 'failed' and not failures:
        counts['failed'] += 1
        failures.append(f"{entry['name']}: {entry['result']}, exit code {entry.get('returncode')}")
    elif not any(counts.values()):
        counts[whole] += 1
    return counts, failures


def add_up(entries, broken=()):
    total = {'passed': 0, 'failed': len(broken), 'skipped': 0}
    failures = [f"{what}: came to nothing" for what in broken]
    for entry in entries:
        counts, failed = count(entry)
        failures += failed
        for result, number in counts.items():
            total[result] += number
    return total, failures


def self_test():
    tap = 'TAP version 13\n1..4\n# Start of a tests\nok 1 /a/b\nok 2 /a/c # SKIP no sshd\nnot ok 3 /a/d - oh\nok 4 /a/e\n'
    good = 'ok 1 /a\nok 2 /b\n'
    cases = [
        ('counts', [{'name': 't', 'result': 'FAIL', 'stdout': tap}], (2, 1, 1)),
        ('adds', [{'name': 't', 'result': 'OK', 'stdout': good}] * 2, (4, 0, 0)),
        ('leak-at-exit', [{'name': 't', 'result': 'ERROR', 'stdout': good, 'returncode': 1}], (2, 1, 0)),
        ('time-out-before-anything', [{'name': 't', 'result': 'TIMEOUT'}], (0, 1, 0)),
        ('skipped-whole', [{'name': 't', 'result': 'SKIP', 'stdout': '1..0 # SKIP no gjs\n'}], (0, 0, 1)),
        ('plain-program', [{'name': 't', 'result': 'OK', 'stdout': 'hello'}], (1, 0, 0)),
        ('nothing', [], (0, 0, 0)),
    ]
    failed = 0
    print(f'1..{len(cases) + 1}')
    for number, (name, entries, expected) in enumerate(cases, 1):
        total, _ = add_up(entries)
        good = tuple(total.values()) == expected
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} /summary/{name}" + ('' if good else f'\n# {total}'))
    total, failures = add_up([], ['build'])
    good = total['failed'] == 1 and failures == ['build: came to nothing']
    print(f"{'ok' if good else 'not ok'} {len(cases) + 1} /summary/broken-build")
    return 1 if failed or not good else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    broken = [word.removeprefix('--broken=') for word in sys.argv[1:] if word.startswith('--broken=')]
    entries = []
    for name in sys.argv[1:]:
        if not name.startswith('--'):
            with open(name, encoding='utf-8') as log:
                entries += [json.loads(line) for line in log if line.strip()]
    total, failures = add_up(entries, broken)
    for failure in failures:
        print(f'failed: {failure}')
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**total))
    return 1 if total['failed'] or not total['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
