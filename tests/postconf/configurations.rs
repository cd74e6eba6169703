//! What is asked about: main.cf and master.cf of administrators, and what grammar allows.

/// Debian's master.cf without most of its comments.
pub const DEBIAN_MASTER: &str = include_str!("files/debian.master.cf");

/// Name, main.cf, master.cf. Of the first few the long lists are asked for, too.
pub const CONFIGURATIONS: &[(&str, &str, &str)] = &[
    ("S12 Ubuntu, Debian master.cf", include_str!("files/ubuntu.main.cf"), DEBIAN_MASTER),
    (
        "S10 virtual mailboxes",
        include_str!("files/virtual-mailboxes.main.cf"),
        include_str!("files/virtual-mailboxes.master.cf"),
    ),
    ("S11 Gentoo", include_str!("files/gentoo.main.cf"), include_str!("files/gentoo.master.cf")),
    ("grammar", include_str!("files/grammar.main.cf"), include_str!("files/grammar.master.cf")),
    ("S09 gateway", include_str!("files/gateway.main.cf"), DEBIAN_MASTER),
    (
        "S03 null client",
        r"myorigin = $mydomain
relayhost = $mydomain
inet_interfaces = loopback-only
mydestination =
",
        DEBIAN_MASTER,
    ),
    ("S02 server", include_str!("files/server.main.cf"), include_str!("files/gentoo.master.cf")),
    ("amavis", include_str!("files/amavis.main.cf"), include_str!("files/amavis.master.cf")),
    (
        "uucp and fax",
        r"relayhost = uucp-gateway
default_transport = uucp
fax_destination_recipient_limit = 1
maildrop_time_limit = 5
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
uucp unix - n n - - pipe flags=F user=uucp argv=uux -r -n -z -a$sender - $nexthop!rmail ($recipient)
fax unix - n n - 1 pipe flags= user=fax argv=/usr/bin/faxmail -d -n ${user}
",
    ),
    (
        "restriction classes",
        r"smtpd_restriction_classes = local_only, $more
more = second, third
local_only = check_sender_access hash:/etc/postfix/x, reject
second = permit
unrelated = second
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "duplicates",
        r"relayhost = a
mydestination = b
relayhost = c
relayhost = d
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    ("empty files", "", ""),
    (
        "comments only",
        r"# a

  # b
",
        r" # c

",
    ),
    (
        "levels 0",
        r"compatibility_level = 0
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "levels 1",
        r"compatibility_level = 1
relay_domains = x
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "levels 3.6",
        r"compatibility_level = 3.6
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "levels 3.10",
        r"compatibility_level = 3.10.1
relayhost = ${{$compatibility_level} <level {3.9} ? {old} : {new}}
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "level of no form",
        r"compatibility_level = three
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "ternaries",
        r"relayhost = ${stress?{a}:{b}}${{$x} == {1} ? {one} : {other}}
x = 1
mydestination = ${x?$y}${y:none}
myorigin = ${{$x} > {0} ? {$x$x}}
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "bad operator",
        r"relayhost = ${{1} = {2}}
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "truncated",
        r"relayhost = ${b
mydestination = x
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "myhostname of no use",
        r"myhostname = ${b
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "loop",
        r"a = $b
b = $a
relayhost = $a
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "no equals sign",
        r"myhostname = a.b
foo
  bar
x = 1
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "no name",
        r"= x
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "name with a blank",
        r"a b = c
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "beginning with a blank",
        r"  a = c
b = $d
",
        r"  x unix - - n - - smtp
smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "carriage returns",
        "myhostname = a.b\r\nrelayhost = x,\r\n  y\r\n",
        "smtp inet n - n - - smtpd\r\nsmtp unix - - n - - smtp\r\n",
    ),
    ("no newline at the end", "relayhost = x", "smtp unix - - n - - smtp"),
    (
        "not ASCII",
        r"smtpd_banner = é ünï €
relayhost = ü
übel = 1
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
ö unix - - n - - smtp -o relayhost=ä -o ß=1
",
    ),
    ("over-long", include_str!("files/over-long.main.cf"), include_str!("files/over-long.master.cf")),
    (
        "directories that are set",
        r"config_directory = /x
multiple = 1
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "mynetworks by class",
        r"mynetworks_style = class
inet_protocols = ipv4
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "mynetworks of no style",
        r"mynetworks_style = galaxy
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "protocols of no kind",
        r"inet_protocols = ipv5
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "loopback only",
        r"inet_interfaces = loopback-only
mynetworks_style = subnet
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "too few fields",
        "",
        r"smtp inet n - n - -
",
    ),
    (
        "too few fields, continued",
        "",
        r"smtp unix - - n - - smtp
a unix
 - -
b unix - - n - - smtp
",
    ),
    (
        "type of no kind",
        "",
        r"smtp foo n - n - - smtpd
",
    ),
    (
        "private of no kind",
        "",
        r"smtp inet maybe - n - - smtpd
",
    ),
    (
        "wakeup of no kind",
        "",
        r"b unix - - n 1x - smtp
",
    ),
    (
        "process limit of no kind",
        "",
        r"b unix - - n - 0? smtp
",
    ),
    (
        "options in disorder",
        "",
        r"smtp inet n - n - - smtpd -o
a unix - - n - - smtp -o {a b} -v -- -o x=y
c unix - - n - - smtp -vDo g=$h y
d unix - - n - - smtp {q
e unix - - n - - smtp -o {a = b}c -o = -o z
",
    ),
    (
        "what services set",
        r"x = $y
y=$z
uu=1
",
        r"b unix - - n - - smtp -o a=$uu -o b=$x -o uu=3 -o mydest=$myhostname -o relayhost=$nosuch -o myhostname=c.d -o alias_maps=$myhostname,$service_name,$process_name
b unix - - n - - smtpd -o smtpd_restriction_classes=k1,k2 -o k1=a,$k2 -o k2=x -o stress=yes -o process_id=3 -o k1=b
",
    ),
    (
        "database tables",
        r"a = {ldap:q1} pipemap:{mysql:q2,ldap:q3} proxy:ldap:q4 check_x ldap:q6 ,ldap:$q7 xldap:q8
relayhost = $a
q1_timeout=1
q1_hosts=2
q2_timeout=1
q2_hosts=2
q3_timeout=1
q3_hosts=2
q4_timeout=1
q4_hosts=2
q5_timeout=1
q5_hosts=2
q6_timeout=1
q6_hosts=2
q7_timeout=1
q7_hosts=2
q8_timeout=1
q8_hosts=2
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "references twice",
        r"alias_maps=$u1 $u1 ${u1?u2} ${{$u3} == {} ? {$u4} : {$u5}} $(u6) ${u7:$u8} $u9a-b
u1z=
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "raw values",
        r#"default_rbl_reply = $rbl_code $nosuch
forward_path = $home/.forward
mailbox_command = /usr/bin/procmail -a "$EXTENSION"
luser_relay = $user@other.host
"#,
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
    (
        "services named alike",
        r"relay_destination_concurrency_limit = 3
relay_time_limit = 5
other_time_limit = 6
",
        r"relay unix - - n - - smtp
relay inet n - n - - smtpd
other unix - n n - - pipe user=x argv=y
other2 unix - n n - - spawn user=x argv=y
loc unix - n n - - local
loc2 unix - n n - - virtual
e unix - - n - - error
d unix - - n - - discard
l unix - - n - - lmtp
",
    ),
    (
        "dashes and odd names",
        r"my-name = 1
relayhost = ${my-name}
2bounce_notice_recipient = x
",
        r"smtp inet n - n - - smtpd
smtp unix - - n - - smtp
",
    ),
];
