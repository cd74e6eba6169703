"""Side-by-side throughput: the same smtp-source load into Postfix and into Waxwing, one after the other, A B A B.

usage: run [messages] [sessions] [bytes]   (WAXWING names the binary, target/release/waxwing without it)
  accept : to a discard transport, the time until every message has its 250 (durable acceptance)
  relay  : the same, to smtp-sink on loopback, until the sink has counted them all
  local  : virtual delivery into one Maildir, until every file is there"""
import os, re, resource, shutil, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mta
from mta import cpu

N, S, L = (int(a) for a in (sys.argv[1:] + ["3000", "20", "4096"][len(sys.argv) - 1:]))
RUNS = int(os.environ.get("RUNS", "3"))
ONLY = os.environ.get("SERVERS", "postfix waxwing").split()
CASES = os.environ.get("CASES", "accept relay local").split()


def rss(server):
    total, todo, kids = 0, [server.rootpid()], {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            kids.setdefault(int(open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()[1]), []).append(int(p))
        except OSError:
            pass
    while todo:
        p = todo.pop()
        try:
            total += int(re.search(r"Pss:\s+(\d+)", open(f"/proc/{p}/smaps_rollup").read())[1])
        except (OSError, TypeError):
            pass
        todo += kids.get(p, [])
    return total / 1024


TUNE = {"max_use": "100", "default_process_limit": "100", "smtpd_client_connection_count_limit": "0",
        "relay_domains": "sink.test", "transport_maps": "inline:{sink.test=smtp:[127.0.0.1]:2599, drop.test=discard:}",
        "virtual_mailbox_domains": "box.test", "virtual_transport": "virtual", "virtual_mailbox_base": "/",
        "virtual_uid_maps": "static:65534", "virtual_gid_maps": "static:65534", "in_flow_delay": "0",
        "default_destination_concurrency_limit": "50", "initial_destination_concurrency": "20",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination"}


def source(server, rcpt, n=N):
    subprocess.run(["smtp-source", "-s", str(S), "-m", str(n), "-l", str(L), "-f", "from@src.test", "-t", rcpt,
                    f"127.0.0.1:{server.port}"], check=True, stdout=subprocess.DEVNULL)


def run(server, case, sink):
    c0, t0 = cpu(server), time.time()
    if case == "accept":
        source(server, "a@drop.test")
        t1 = time.time()
    elif case == "relay":
        sink.seen = 0
        start = sink.count()
        source(server, "a@sink.test")
        while sink.count() - start < N and time.time() - t0 < 300:
            time.sleep(0.02)
        t1 = time.time()
    else:
        box = server.box
        start = len(os.listdir(box + "/new")) if os.path.isdir(box + "/new") else 0
        source(server, "a@box.test")
        while (len(os.listdir(box + "/new")) if os.path.isdir(box + "/new") else 0) - start < N and time.time() - t0 < 300:
            time.sleep(0.02)
        t1 = time.time()
        # Not removed: ext4 looks past inodes freed in the last seconds, and the next run would pay for that.
        os.rename(box, f"{box}.{time.time_ns()}")
    for _ in range(600):  # let the queue drain before the other server has its turn
        if server.idle():
            break
        time.sleep(0.05)
    return N / (t1 - t0), (cpu(server) - c0) / N * 1e6


class Sink:
    """smtp-sink -c prints a running count; we read the last number it printed."""

    def __init__(self, root):
        self.path = f"{root}/sink.out"
        self.p = subprocess.Popen(["smtp-sink", "-c", "-u", "nobody", "127.0.0.1:2599", "1000"],
                                  stdout=open(self.path, "w"), stderr=subprocess.STDOUT)

    def count(self):
        data = open(self.path, "rb").read()[-64:]
        nums = re.findall(rb"(\d+)", data)
        return int(nums[-1]) if nums else 0


def pf_idle(s):
    return not any(f for d in ("incoming", "active") for _, _, fs in os.walk(f"{s.dir}/spool/{d}") for f in fs)


mta.Postfix.idle = pf_idle
mta.Waxwing.idle = lambda s: '"queue_id"' not in subprocess.run(
    [mta.WAXWING, "postqueue", "-c", s.conf, "-j"], capture_output=True, text=True).stdout


def main():
    root = mta.scratch()
    servers = [s for s in (mta.Postfix(root, 2501), mta.Waxwing(root, 2502)) if s.name in ONLY]
    sink = Sink(root)
    for s in servers:
        s.box = f"{s.dir}/box"
        s.start(TUNE | {"virtual_mailbox_maps": f"inline:{{a@box.test={s.box}/}}"})
        os.makedirs(s.box, exist_ok=True), shutil.chown(s.box, 65534, 65534), os.chmod(s.dir, 0o777)
        source(s, "a@drop.test", 200)  # warm-up
    res = {}
    for case in CASES:
        for _ in range(RUNS):
            for s in servers:
                r = run(s, case, sink)
                res.setdefault((case, s.name), []).append(r)
                os.makedirs(s.box, exist_ok=True), shutil.chown(s.box, 65534, 65534)
    for s in servers:
        print(f"{s.name}: memory (PSS) {rss(s):.0f} MiB")
        s.stop()
    sink.p.kill()
    print(f"{N} messages of {L} bytes, {S} sessions, medians of {RUNS}")
    med = lambda xs: sorted(xs)[len(xs) // 2]
    for case in CASES:
        row = {s.name: (med([r[0] for r in res[case, s.name]]), med([r[1] for r in res[case, s.name]])) for s in servers}
        text = "  ".join(f"{k} {v[0]:7.0f} msg/s {v[1]:6.0f} us CPU/msg" for k, v in row.items())
        ratio = f"  ratio {row['waxwing'][0] / row['postfix'][0]:.2f}" if len(row) == 2 else ""
        print(f"{case:7} {text}{ratio}")


main()
