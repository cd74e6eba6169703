//! Not yet obeyed: the commands of the administrator.

config::parameters! {
    /// Key used for the null sender in local_login_sender_maps.
    EMPTY_ADDRESS_LOCAL_LOGIN_SENDER_MAPS_LOOKUP_KEY: Text = "empty_address_local_login_sender_maps_lookup_key", "<>";
    /// Envelope senders that a UNIX login may use with sendmail -f.
    LOCAL_LOGIN_SENDER_MAPS: Text = "local_login_sender_maps", "static:*", protects;
    /// The command that starts and stops the instances.
    MULTI_INSTANCE_WRAPPER: Text = "multi_instance_wrapper", "";
    /// postfix(1) verbs that postmulti treats as 'control'.
    POSTMULTI_CONTROL_COMMANDS: Text = "postmulti_control_commands", "reload flush";
    /// postfix(1) verbs that postmulti treats as 'start'.
    POSTMULTI_START_COMMANDS: Text = "postmulti_start_commands", "start";
    /// postfix(1) verbs that postmulti treats as 'stop'.
    POSTMULTI_STOP_COMMANDS: Text = "postmulti_stop_commands", "stop abort drain quick-stop";
    /// How sendmail(1) turns CRLF input into LF.
    SENDMAIL_FIX_LINE_ENDINGS: Text = "sendmail_fix_line_endings", "always", min = 1;
}
