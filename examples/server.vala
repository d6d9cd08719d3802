// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that lets "alice" in with any key of a file, forwards ports, and answers "echo TEXT".
// Her session waits for her when its connection is cut.
//
//   server PORT HOST-KEY AUTHORIZED-KEYS        PORT 0: any; then, in another terminal:
//   ssh -p PORT alice@localhost echo hello

// A line with options is no key to us: we would not obey them.
bool has_key (string lines, DevSsh.KeyPair key) {
    foreach (unowned string line in lines.split ("\n")) {
        try {
            if (DevSsh.KeyPair.import_data (new Bytes (line.data), DevSsh.KeyFormat.SSH, null).equal (key))
                return true;
        } catch (Error error) {
            // a comment, or a key of another kind
        }
    }
    return false;
}

// The question is kept while the file is read; the session goes on with others.
async void answer (DevSsh.Authentication who, File authorized_keys) {
    bool yes = false;
    try {
        uint8[] lines;
        yield authorized_keys.load_contents_async (who.cancellable, out lines, null);
        yes = has_key ((string) lines, who.get_public_key ());
    } catch (Error error) {
        // no file, no key
    }
    if (yes)
        who.accept (null);
    else
        who.reject ();
}

bool channel_requested (DevSsh.Channel channel, DevSsh.ChannelRequest request) {
    string command = request.dup_command () ?? "";
    if (request.get_request_type () != DevSsh.REQUEST_EXEC || !command.has_prefix ("echo "))
        return false;

    request.complete (true);
    var text = new Bytes ((command.substring ("echo ".length) + "\n").data);
    channel.send_async.begin (text, null, () => channel.close_with_status (0));
    return true;
}

int main (string[] args) {
    if (args.length != 4) {
        printerr ("usage: server PORT HOST-KEY AUTHORIZED-KEYS\n");
        return 2;
    }
    try {
        var host_key = DevSsh.KeyPair.import_file (File.new_for_path (args[2]), DevSsh.KeyFormat.DEFAULT, null);
        var authorized_keys = File.new_for_path (args[3]);

        var config = new DevSsh.SessionConfig.with_reconnect ();
        config.allow_plugins ({ DevSsh.SERVICE_NAME_PORT_FORWARDING });
        var credentials = new DevSsh.ServerCredentials ();
        credentials.add_key (host_key);
        var server = new DevSsh.Server (config, credentials);

        server.session_authenticating.connect ((session, who) => {
            var type = who.get_authentication_type ();
            if (who.get_user_name () == "alice" && (type == DevSsh.AuthenticationType.CLIENT_PUBLIC_KEY_QUERY ||
                                                    type == DevSsh.AuthenticationType.CLIENT_PUBLIC_KEY))
                answer.begin (who, authorized_keys);
            else
                who.reject ();
            return true;
        });
        // Port forwarding is a plugin: it is opened when the first request comes, and asks here.
        server.session_request.connect ((session, request) => {
            request.complete (true);
            return true;
        });
        server.session_channel_opening.connect ((session, opening) => {
            opening.get_channel ().request.connect (channel_requested);
            opening.accept ();
            return true;
        });

        uint port = server.listen (null, (uint16) int.parse (args[1]));
        print ("listening on port %u, host key %s\n", port, host_key.dup_fingerprint ());
        stdout.flush ();
        new MainLoop ().run ();
        return 0;
    } catch (Error error) {
        printerr ("server: %s\n", error.message);
        return 1;
    }
}
