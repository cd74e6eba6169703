"""Runs Debian's Postfix and Waxwing on the same main.cf, so their SMTP replies can be compared.

WAXWING names the binary. Both servers take XCLIENT from 127.0.0.1."""
import os, re, shutil, socket, subprocess, tempfile, time

WAXWING = os.environ.get("WAXWING", "target/release/waxwing")
MASTER = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Server:
    def __init__(self, root, port):
        self.dir, self.port = os.path.join(root, self.name), port
        self.conf = os.path.join(self.dir, "conf")
        os.makedirs(self.conf)
        os.chmod(root, 0o755), os.chmod(self.dir, 0o755)
        self.extra_master = ""

    def base(self):
        return {
            "compatibility_level": "3.6", "myhostname": "mx.test", "mydomain": "test",
            "mydestination": "$myhostname, localhost", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "alias_maps": "", "alias_database": "",
            "local_recipient_maps": "", "queue_directory": f"{self.dir}/spool", "data_directory": f"{self.dir}/data",
            "smtpd_authorized_xclient_hosts": "127.0.0.1", "smtpd_banner": "$myhostname ESMTP",
            "smtpd_peername_lookup": "no", "maillog_file": f"{self.dir}/mail.log", "maillog_file_prefixes": "/",
            "smtpd_error_sleep_time": "0", "smtpd_hard_error_limit": "1000", "smtpd_junk_command_limit": "10000",
            "smtpd_client_connection_count_limit": "0", "max_use": "1", "default_transport": "discard",
            "local_transport": "discard", "virtual_transport": "discard", "relay_transport": "discard",
            "biff": "no", "smtpd_soft_error_limit": "1000",
        }

    def write(self, params):
        conf = self.base() | params
        with open(f"{self.conf}/main.cf", "w") as f:
            f.writelines(f"{k} = {v}\n" for k, v in conf.items())
        with open(f"{self.conf}/master.cf", "w") as f:
            f.write(MASTER.format(port=self.port) + self.extra_master)

    def wait(self, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} does not listen on {self.port}")


class Postfix(Server):
    name = "postfix"

    def base(self):
        return super().base() | {"command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
                                 "mail_owner": "postfix", "setgid_group": "postdrop"}

    def start(self, params):
        self.write(params)
        os.makedirs(f"{self.dir}/spool"), os.makedirs(f"{self.dir}/data")
        shutil.chown(f"{self.dir}/data", "postfix")
        subprocess.run(["postfix", "-c", self.conf, "start"], check=True, capture_output=True, text=True)
        self.wait()

    def reload(self, params):
        self.write(params)
        subprocess.run(["postfix", "-c", self.conf, "reload"], check=True, capture_output=True)
        time.sleep(0.15)

    def stop(self):
        subprocess.run(["postfix", "-c", self.conf, "stop"], capture_output=True)


class Waxwing(Server):
    name = "waxwing"

    def base(self):
        return super().base() | {"mail_owner": "postfix", "setgid_group": "postdrop"}

    def start(self, params):
        self.write(params)
        os.makedirs(f"{self.dir}/spool"), os.makedirs(f"{self.dir}/data")
        for d in ("spool", "data"):
            shutil.chown(f"{self.dir}/{d}", "postfix")
        self.out = open(f"{self.dir}/stdout", "w")
        self.proc = subprocess.Popen([WAXWING, "-c", self.conf, "start-fg"], stdout=self.out, stderr=self.out)
        self.wait()

    def reload(self, params):
        self.write(params)
        subprocess.run([WAXWING, "-c", self.conf, "reload"], check=True, capture_output=True)
        time.sleep(0.15)

    def stop(self):
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()


class Client:
    """A line-mode SMTP client that records each reply as one string."""

    def __init__(self, port, timeout=15):
        self.s = socket.create_connection(("127.0.0.1", port), timeout)
        self.f = self.s.makefile("rb")
        self.replies = [self.reply()]

    def reply(self):
        lines = []
        while True:
            line = self.f.readline()
            if not line:
                lines.append("<closed>")
                break
            line = line.decode("utf-8", "replace").rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    def cmd(self, line):
        try:
            self.s.sendall(line.encode() + b"\r\n")
            r = self.reply()
        except OSError as e:
            r = f"<error {e.__class__.__name__}>"
        self.replies.append(r)
        return r

    def close(self):
        try:
            self.s.sendall(b"QUIT\r\n")
            self.f.read()
        except OSError:
            pass
        self.s.close()


def scratch():
    base = tempfile.mkdtemp(prefix="wxbar")
    os.chmod(base, 0o755)
    return base


def normal(reply):
    """Drops what may differ between two honest servers: queue ids."""
    reply = re.sub(r"queued as \S+", "queued as ID", reply)
    return re.sub(r"\b[0-9A-F]{8,14}\b", "ID", reply)


Postfix.rootpid = lambda s: int(open(f"{s.dir}/spool/pid/master.pid").read())
Waxwing.rootpid = lambda s: s.proc.pid


def cpu(server):
    """CPU seconds used so far by the server's processes, live and reaped."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0.0
    root = server.rootpid()
    kids = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            f = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        kids.setdefault(int(f[1]), []).append((int(p), f))
        if int(p) == root:
            total += sum(map(int, f[11:15])) / tick
    todo = [root]
    while todo:
        for pid, f in kids.get(todo.pop(), []):
            total += sum(map(int, f[11:15])) / tick
            todo.append(pid)
    return total
