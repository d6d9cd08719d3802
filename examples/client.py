#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command on a server: client.py HOST PORT USER KEY-FILE HOST-FINGERPRINT COMMAND
import sys, gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib

host, port, user, key_file, fingerprint, command = sys.argv[1:7]
loop = GLib.MainLoop()

def wait(call, *args):
    results = []
    call(*args, None, lambda source, result: (results.append(result), loop.quit()))
    while not results: loop.run()
    return results[0]

client = DevSsh.Client.new(None)
session = client.connect_to_host_finish(wait(client.connect_to_host_async, host, int(port)))
session.connect('authenticating', lambda session, server:
                server.get_public_key().dup_fingerprint() == fingerprint and (server.accept(None) or True))
me = DevSsh.ClientCredentials.new(user)
me.add_key(DevSsh.KeyPair.import_file(Gio.File.new_for_path(key_file), 0, None, None))
if not session.authenticate_finish(wait(session.authenticate_async, me)):
    sys.exit('refused')
channel = session.open_channel_finish(wait(session.open_channel_async, None))
channel.connect('data', lambda channel, data: sys.stdout.buffer.write(data.get_data()))
channel.connect('closed', lambda channel: loop.quit())
channel.exec_finish(wait(channel.exec_async, command))
while not channel.get_is_closed():
    loop.run()
sys.exit(channel.get_exit_status())
