#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What introspection/typescript/generate makes: declarations that a program in TypeScript is checked against.

  test-typescript.py BUILD-FOLDER [GJS]        prints TAP
"""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap

HERE = os.path.dirname(os.path.realpath(__file__))
TOOLS = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'introspection', 'typescript')
BUILD, GJS = os.path.abspath(sys.argv[1]), sys.argv[2:3]

# Each line has one mistake, and tsc's number for its kind.
WRONG = '''
session.connect('no-such-signal', () => {});                                          // TS2345
session.connect('closed', (session: DevSsh.Session, reason: string) => {});           // TS2345
await session.open_channel_async();                                                   // TS2554
const stream: Gio.IOStream = await session.open_channel_async(null);                  // TS2740
const reply: GLib.Bytes | null = await session.request_async('x', true, null);        // TS2322
const port: DevSsh.ForwardedPort = await session.forward_from_remote_port_async(null, 0, null, 80);   // TS2322
await DevSsh.KeyPair.generate_async('ssh-ed25519', '2048');                           // TS2345
const size: string = (await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)).get_size();   // TS2322
DevSsh.run(session.wait_closed_async()).length;                                       // TS2339
'''


START = """import DevSsh from 'gi://DevSsh?version=1';
import Gio from 'gi://Gio?version=2.0';
import GLib from 'gi://GLib?version=2.0';
declare const session: DevSsh.ClientSession;
"""


class Check:
    """Both programs checked at once, with the declarations made for that."""

    def __init__(self, folder):
        self.folder = folder
        self.consumer = os.path.join(folder, 'consumer.js')
        subprocess.run([os.path.join(TOOLS, 'generate'), BUILD, os.path.join(folder, 'types')], check=True)
        shutil.copy(os.path.join(HERE, 'consumer.ts'), folder)
        self.write('wrong.ts', START + WRONG.lstrip() + 'export {stream, reply, port, size};\n')
        self.write('tsconfig.json', json.dumps({
            'compilerOptions': {'strict': True, 'target': 'es2022', 'module': 'esnext', 'moduleResolution': 'bundler',
                                'lib': ['es2022'], 'types': []},
            'include': ['types/index.d.ts', '*.ts']}))
        done = subprocess.run([os.path.join(TOOLS, 'node_modules', '.bin', 'tsc'), '--pretty', 'false'], cwd=folder,
                              stdout=subprocess.PIPE, text=True, check=False)
        # A line that begins with a space goes on with the error before.
        self.errors = re.findall(r'^\S.*$', done.stdout, re.M)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as file:
            file.write(text)


def test_checks(check):
    """The declarations are without an error themselves, and so is the program."""
    errors = [error for error in check.errors if not error.startswith('wrong.ts')]
    assert not errors, errors


def test_reports_mistakes(check):
    found = [re.match(r'wrong\.ts\((\d+),\d+\): error (TS\d+)', error) for error in check.errors]
    wanted = [(number, line.split('// ')[1]) for number, line in enumerate(WRONG.strip().splitlines(), START.count('\n') + 1)]
    assert [(int(one[1]), one[2]) for one in found if one] == wanted, check.errors


def test_runs(check):
    """The types are those of what comes at run time."""
    done = subprocess.run([*GJS, '-m', check.consumer], stdout=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 0 and done.stdout == 'true 0 false true HELLO false no service true\ntrue done\n', done


def main():
    if not os.path.exists(os.path.join(TOOLS, 'node_modules', '.installed')):
        print('1..0 # SKIP tools/install-npm introspection/typescript has not run, or there is no npm')
        return 0
    with tempfile.TemporaryDirectory(prefix='devssh-typescript-') as folder:
        check = Check(folder)
        return tap.run('/typescript', [(name, functools.partial(test, check)) for name, test in tap.tests_in(globals())
                                       if GJS or name != 'runs'])


if __name__ == '__main__':
    sys.exit(main())
