#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom to believe, from Python: files of known hosts, and a verifier before a login. Prints TAP."""
import os
import shutil
import socket
import sys
import tempfile

import gi
import tap

gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib  # noqa: E402

HOST, PORT = 'host.example', 2222
KEY = DevSsh.KeyPair.generate('ssh-ed25519', 0)
OTHER = DevSsh.KeyPair.generate('ecdsa-sha2-nistp256', 0)
Verdict, Policy, Marker = DevSsh.KnownHostsVerdict, DevSsh.HostKeyPolicy, DevSsh.KnownHostsMarker


def line(key):
    return key.export_public(DevSsh.KeyFormat.SSH).get_data().decode().strip()


class Folder:
    """A file of known hosts that is gone afterwards."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, 'known_hosts')
        self.file = Gio.File.new_for_path(self.path)
        return self

    def __exit__(self, *what):
        shutil.rmtree(self.folder)

    def write(self, text):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write(text)

    def read(self):
        with open(self.path, encoding='utf-8') as file:
            return file.read()


def login(verifier, prepare=lambda session: None):
    """Two sessions in one process; is the user in?"""
    async def main():
        ends = [Gio.Socket.new_from_fd(end.detach()).connection_factory_create_connection() for end in socket.socketpair()]
        host = DevSsh.ServerCredentials.new()
        host.add_key(KEY)
        client = DevSsh.ClientSession.new(ends[0], DevSsh.SessionConfig.new())
        server = DevSsh.ServerSession.new(ends[1], DevSsh.SessionConfig.new(), host)
        server.connect('authenticating', lambda session, question: (question.accept(None), True)[1])
        both = [client.connect_async(None), server.connect_async(None)]
        for one in both:
            await one
        verifier.attach(client, HOST, PORT)
        prepare(client)
        user = DevSsh.ClientCredentials.new('alice')
        user.set_password('secret')
        welcome = await client.authenticate_async(user, None)
        await client.close_async(DevSsh.DisconnectReason.BY_APPLICATION, 'done', None)
        return welcome
    return DevSsh.run(main())


def test_check():
    hosts = DevSsh.KnownHosts.new()
    hosts.load_data(GLib.Bytes.new(f'# mine\n[{HOST}]:{PORT} {line(OTHER)}\n@revoked * {line(KEY)}\n'.encode()), 'a file')
    verdict, entry = hosts.check(HOST, PORT, OTHER)
    assert verdict == Verdict.TRUSTED and entry.get_line() == 2 and entry.dup_place() == 'a file:2', (verdict, entry)
    assert entry.get_public_key().equal(OTHER) and entry.dup_fingerprint() == OTHER.dup_fingerprint()
    verdict, entry = hosts.check(HOST, PORT, KEY)
    assert verdict == Verdict.REVOKED and entry.get_marker() == Marker.REVOKED and entry.get_names() == '*'
    assert hosts.check('elsewhere', 0, OTHER) == (Verdict.UNKNOWN, None)
    assert [entry.get_line() for entry in hosts.dup_entries(None, 0)] == [2, 3]
    assert [entry.get_line() for entry in hosts.dup_entries('elsewhere', 0)] == [3]


def test_fingerprints():
    assert KEY.dup_md5_fingerprint().startswith('MD5:') and len(KEY.dup_md5_fingerprint()) == 4 + 16 * 3 - 1
    assert len(KEY.dup_randomart().splitlines()) == 11 and '[ED25519 256]' in KEY.dup_randomart()


def test_edit():
    async def main(file, read):
        hosts = DevSsh.KnownHosts.new()
        assert await hosts.add_async(file, HOST, PORT, KEY, DevSsh.KnownHostsAddFlags.NONE) == 1
        assert read() == f'[{HOST}]:{PORT} {line(KEY)}\n', read()
        assert hosts.check(HOST, PORT, KEY)[0] == Verdict.TRUSTED
        assert await hosts.hash_async(file) == 1
        assert read().startswith('|1|') and hosts.check(HOST, PORT, KEY)[1].get_is_hashed()
        assert await hosts.add_async(file, HOST, PORT, OTHER, DevSsh.KnownHostsAddFlags.REPLACE | DevSsh.KnownHostsAddFlags.HASHED) == 2
        assert hosts.check(HOST, PORT, KEY)[0] == Verdict.CHANGED
        assert await hosts.remove_async(file, HOST, PORT, None) == 1 and read() == ''
        try:
            await hosts.add_async(file, '*', PORT, KEY, DevSsh.KnownHostsAddFlags.NONE)
        except GLib.Error as error:
            assert error.matches(DevSsh.error_quark(), DevSsh.Error.MALFORMED), error
        else:
            assert False, 'a pattern was added'
        other = DevSsh.KnownHosts.new()
        await other.load_file_async(file)
        await other.refresh_async()
        await other.load_default_async()
    with Folder() as folder:
        DevSsh.run(main(folder.file, folder.read))


def test_strict():
    hosts = DevSsh.KnownHosts.new()
    verifier = DevSsh.HostKeyVerifier.new(hosts, Policy.STRICT)
    said = []
    verifier.connect('refused', lambda verifier, question, error: said.append((question.get_verdict(), error)))
    assert not login(verifier)
    (verdict, error), = said
    assert verdict == Verdict.UNKNOWN and error.matches(DevSsh.error_quark(), DevSsh.Error.HOST_KEY), error
    assert KEY.dup_fingerprint() in error.message, error
    verifier.set_fingerprints([KEY.dup_fingerprint()])
    assert login(verifier)


def test_ask():
    with Folder() as folder:
        folder.write(f'[{HOST}]:{PORT} {line(OTHER)}\n')
        hosts = DevSsh.KnownHosts.new()
        hosts.load_file(folder.file, None)
        verifier = DevSsh.HostKeyVerifier(known_hosts=hosts, policy=Policy.ASK, file=folder.file)
        asked, added = [], []

        def ask(verifier, question):
            asked.append((question.get_verdict(), question.get_entry().get_line(), question.get_host(), question.get_port()))
            # A dialog that takes its time.
            GLib.idle_add(lambda: question.accept(True))
            return True
        verifier.connect('ask', ask)
        verifier.connect('added', lambda verifier, question: added.append(question.get_public_key().equal(KEY)))
        assert login(verifier)
        assert asked == [(Verdict.CHANGED, 1, HOST, PORT)] and added == [True], (asked, added)
        assert folder.read() == f'[{HOST}]:{PORT} {line(KEY)}\n'
        assert login(verifier) and len(asked) == 1


def test_refused():
    """Who throws has refused, and so has who forgets."""
    def throw(verifier, question):
        question.accept(False)
        raise ValueError('no')

    def forget(verifier, question):
        return True

    hook, sys.excepthook = sys.excepthook, lambda *what: None
    try:
        for handler in throw, forget, lambda verifier, question: False:
            verifier = DevSsh.HostKeyVerifier.new(None, Policy.ASK)
            verifier.connect('ask', handler)
            assert not login(verifier), handler
    finally:
        sys.excepthook = hook


def test_accept_new():
    with Folder() as folder:
        verifier = DevSsh.HostKeyVerifier(policy=Policy.ACCEPT_NEW, file=folder.file, hash_names=True)
        assert login(verifier) and folder.read().startswith('|1|')
        # What somebody else writes meanwhile counts.
        folder.write(f'@revoked * {line(KEY)}\n')
        assert not login(verifier)


if __name__ == '__main__':
    sys.exit(tap.run('/known-hosts/python', tap.tests_in(globals()), {'refused': '/T-36'}))
