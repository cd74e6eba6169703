"""CPU a message with and without 200 patterns in header_checks and 200 in body_checks, Postfix and Waxwing in turn.

usage: checks [messages] [sessions] [body lines]   (WAXWING names the binary, target/release/waxwing without it)
Nothing matches, as with nearly all mail: what is measured is the search."""
import os, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mta

N, S, LINES = (int(a) for a in (sys.argv[1:] + ["1000", "10", "100"][len(sys.argv) - 1:]))
RUNS = int(os.environ.get("RUNS", "3"))
WORDS = "offer winner lottery inheritance casino replica mortgage diploma refinance miracle".split()
TEXT = "The quick brown fox jumps over the lazy dog, and nobody pays attention to it at all.\n"


def patterns():
    """Two hundred of the kinds that people write."""
    header = [f"/^Subject: .*{word} *{n}(st|nd|th)? (now|today)/ REJECT" for word in WORDS for n in range(8)]
    header += [f"/^Content-(Type|Disposition):.*name=\"?[^\"]*\\.{word}{n}\"?/ REJECT" for word in WORDS for n in range(6)]
    header += [f"/^(From|Reply-To):.*@{word}[0-9]*\\.example{n}$/ REJECT" for word in WORDS for n in range(6)]
    body = [f"/{word} +(number|code) *{n}[0-9]{{3}}/ REJECT" for word in WORDS for n in range(10)]
    body += [f"/https?:..[a-z.]*{word}{n}\\.example/ REJECT" for word in WORDS for n in range(10)]
    assert len(header) == len(body) == 200
    return "\n".join(header) + "\n", "\n".join(body) + "\n"


def message(path):
    header = "".join(f"X-Header-{n}: value {n} of some length\n" for n in range(12))
    with open(path, "w") as f:
        f.write("From: from@src.test\nTo: a@drop.test\nSubject: hello\nMessage-Id: <1@src.test>\n"
                f"Date: Mon, 1 Jan 2001 00:00:00 +0000\n{header}\n" + TEXT * LINES)


def measure(server, file):
    before = mta.cpu(server)
    subprocess.run(["smtp-source", "-s", str(S), "-m", str(N), "-F", file, "-f", "from@src.test", "-t", "a@drop.test",
                    f"127.0.0.1:{server.port}"], check=True, stdout=subprocess.DEVNULL)
    time.sleep(1)
    return (mta.cpu(server) - before) / N * 1e6


def main():
    root = mta.scratch()
    file = f"{root}/message"
    message(file)
    header, body = patterns()
    cases = {"none": {}}
    for kind in ("pcre", "regexp"):
        cases[kind] = {"header_checks": f"{kind}:{root}/header", "body_checks": f"{kind}:{root}/body"}
    for name, text in (("header", header), ("body", body)):
        with open(f"{root}/{name}", "w") as f:
            f.write(text)
    os.system(f"chmod -R a+rX {root}")
    cost = {}
    tune = {"max_use": "100", "default_process_limit": "100", "in_flow_delay": "0"}
    for case, params in cases.items():
        for number, kind in enumerate((mta.Postfix, mta.Waxwing)):
            server = kind(os.path.join(root, case), 2501 + number)
            os.chmod(os.path.join(root, case), 0o755)
            server.start(tune | params)
            measure(server, file)  # warm-up
            costs = sorted(measure(server, file) for _ in range(RUNS))
            server.stop()
            cost[case, server.name] = costs[RUNS // 2]
    print(f"{N} messages of {LINES} lines, {S} sessions, medians of {RUNS}; us CPU a message")
    for case in cases:
        postfix, waxwing = cost[case, "postfix"], cost[case, "waxwing"]
        text = f"{case:7} postfix {postfix:7.0f}  waxwing {waxwing:7.0f}  ratio {waxwing / postfix:.2f}"
        if case != "none":
            extra = [cost[case, name] - cost["none", name] for name in ("postfix", "waxwing")]
            text += f"   the checks alone: {extra[0]:7.0f}  {extra[1]:7.0f}"
        print(text)


main()
