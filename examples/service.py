#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service written in Python: it answers channels of the type echo@example.org.

   echo-service.py [PORT]
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, GLib


class EchoService(DevSsh.Service):
    """One instance a session, made when its rule first matches."""

    def do_channel_opening(self, opening):
        channel = opening.get_channel()
        channel.connect('data', self.echo)
        channel.connect('eof', lambda channel: channel.close())
        opening.accept()
        return True

    def echo(self, channel, data):
        channel.send_async(data, None, lambda channel, result: channel.send_finish(result))


def authenticating(server, session, who):
    if who.get_user_name() == 'alice' and who.get_password() == 'wonderland':
        who.accept(None)
    else:
        who.reject()
    return True


config = DevSsh.SessionConfig.new()
config.add_service(EchoService, 'echo', ['channel-type:echo@example.org'], None)
credentials = DevSsh.ServerCredentials.new()
credentials.add_key(DevSsh.KeyPair.generate('ssh-ed25519', 0))
server = DevSsh.Server.new(config, credentials)
server.connect('session-authenticating', authenticating)
port = server.listen(None, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
print(f'listening on port {port}', flush=True)
GLib.MainLoop().run()
