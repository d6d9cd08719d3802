// SPDX-License-Identifier: LGPL-2.1-or-later
// A service of one's own: the subsystem "shout" sends back in upper case what it gets. Around it, a small server.
//
//   service [PORT]                              PORT 0: any; then, in another terminal, with the password "wonderland":
//   ssh -p PORT -s alice@localhost shout

// One instance a session, made when its rule first matches.
class Shout : DevSsh.Service {
    public override bool channel_request (DevSsh.ChannelRequest request) {
        if (request.dup_command () != "shout")
            return false;

        var channel = request.get_channel ();
        channel.data.connect (shout);
        channel.eof.connect ((channel) => channel.close_with_status (0));
        request.complete (true);
        return true;
    }

    void shout (DevSsh.Channel channel, Bytes data) {
        var loud = new uint8[data.length];
        for (int i = 0; i < loud.length; i++)
            loud[i] = (uint8) ((char) data[i]).toupper ();
        channel.send_async.begin (new Bytes.take ((owned) loud));
    }
}

int main (string[] args) {
    try {
        var config = new DevSsh.SessionConfig ();
        config.add_service (typeof (Shout), "shout", { "channel-request:subsystem channel-type:session" }, null);
        var credentials = new DevSsh.ServerCredentials ();
        credentials.add_key (DevSsh.KeyPair.generate (DevSsh.ALGORITHM_KEY_ED25519, 0));
        var server = new DevSsh.Server (config, credentials);

        server.session_authenticating.connect ((session, who) => {
            if (who.get_user_name () == "alice" && who.get_password () == "wonderland")
                who.accept (null);
            else
                who.reject ();
            return true;
        });
        server.session_channel_opening.connect ((session, opening) => {
            opening.accept ();
            return true;
        });

        uint port = server.listen (null, (uint16) int.parse (args[1] ?? "0"));
        print ("listening on port %u\n", port);
        stdout.flush ();
        new MainLoop ().run ();
        return 0;
    } catch (Error error) {
        printerr ("service: %s\n", error.message);
        return 1;
    }
}
