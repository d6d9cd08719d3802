#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ssh-audit says of the example server, whose offer is the library's default."""
import json
import os
import re
import shutil
import subprocess

import peers
from peers import Program, Skip, case

# Of the curves of NIST it holds that they are weak, or have a back door, by its version. They are what Dev Tunnels speaks.
OPINION = re.compile(r'nistp\d+ .*(weak elliptic curves|elliptic curves that are suspected as being backdoored)')


@case('/audit/defaults')
def _():
    audit = shutil.which('ssh-audit')
    if audit is None:
        raise Skip('no ssh-audit')
    with Program([os.path.join(os.environ['DEVSSH_EXAMPLES'], 'server'), '0', peers.key('ed25519'), os.devnull]) as server:
        port = re.search(r'port (\d+)', server.wait_for('text')['text']).group(1)
        # Its exit code is its opinion as well; what it says is looked at here.
        text = subprocess.run([audit, '--no-colors', '-l', 'fail', '-p', port, '127.0.0.1'], stdout=subprocess.PIPE, text=True,
                              check=False, timeout=peers.LIMIT).stdout
        found = json.loads(subprocess.run([audit, '--json', '-p', port, '127.0.0.1'], stdout=subprocess.PIPE, text=True,
                                          check=False, timeout=peers.LIMIT).stdout)
        server.process.poll()
        assert server.process.returncode is None, server.tail()
    assert found['kex'] and found['enc'] and found['mac'] and found['key'], found
    assert found['banner']['software'] == 'libdevssh' or 'libdevssh' in found['banner']['raw'], found['banner']
    failures = [line for line in text.splitlines() if '[fail]' in line and not OPINION.search(line)]
    assert not failures, failures


if __name__ == '__main__':
    peers.main()
