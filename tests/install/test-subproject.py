#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A project that builds the library along, as a Meson subproject, and runs a program with it. Prints TAP.

  test-subproject.py SOURCE FOLDER COMPILER...

It builds in FOLDER, which is always the same one, so that ccache knows what it sees, and does not leave it behind.
"""
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE, FOLDER, *COMPILER = sys.argv[1:]
HERE = Path(__file__).resolve().parent

results = []


def step(name, *command):
    """Whether it ended well; if not, what it said is told."""
    # The folders of a devenv, and a library that is installed, are not this project's.
    clean = {name: value for name, value in os.environ.items() if name not in ('PKG_CONFIG_PATH', 'DESTDIR')}
    done = subprocess.run(command, env={**clean, 'CC': shlex.join(COMPILER)}, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    results.append(done.returncode == 0)
    if not results[-1]:
        for line in done.stdout.splitlines()[-60:]:
            print(f'# {line}')
    print(f'{"ok" if results[-1] else "not ok"} {len(results)} /subproject/{name}', flush=True)
    return results[-1] and done.stdout


def main():
    root = Path(FOLDER)
    shutil.rmtree(root, ignore_errors=True)
    try:
        project, build = root / 'consumer', root / 'build'
        shutil.copytree(HERE / 'consumer', project)
        (project / 'subprojects').mkdir()
        (project / 'subprojects' / 'libdevssh').symlink_to(SOURCE)
        # What is asked here is whether it builds, not how fast it runs.
        if step('sets-up', 'meson', 'setup', '--wrap-mode=forcefallback', '--buildtype=plain', str(build), str(project)):
            step('builds', 'ninja', '-C', str(build))
            step('runs', 'meson', 'test', '-C', str(build), '--no-rebuild', '--print-errorlogs')
            # The library's own tests and examples are not the consumer's.
            tests = step('lists-tests', 'meson', 'test', '-C', str(build), '--list', '--no-rebuild') or ''
            names = tests.split()
            results.append(names == ['echo'])
            print(f'{"ok" if results[-1] else "not ok"} {len(results)} /subproject/no-tests-of-the-library')
            if not results[-1]:
                print(f'# {names}')
    finally:
        shutil.rmtree(root)
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
