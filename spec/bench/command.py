"""The commands `curl` and `h2load` as rows. Arguments as plain.c's; the mode is the program.

Of h2load the seconds are its own; curl has none, so its start and end count too.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

BODY = '{"resource_type":"voice","user_email":"leaver@example.com"}'
HEADERS = ["accept: application/json", "content-type: application/json", "xi-api-key: sk_bench"]


def urls(base_url, prefix, count):
    for number in range(1, count + 1):
        yield f"{base_url}/v1/workspace/resources/{prefix}_{number:07d}/unshare"


def curl_config(a, path):
    with open(path, "w") as file:
        file.write(f'silent\nparallel\nparallel-max = {a.in_flight}\ncacert = "{a.ca_file}"\n')
        file.write('write-out = "%{http_code}\\n"\nnoproxy = "*"\n')
        file.write(f"data = {json.dumps(BODY)}\n")
        for header in HEADERS:
            file.write(f'header = "{header}"\n')
        for url in urls(a.base_url, a.prefix, a.requests):
            file.write(f'url = "{url}"\noutput = "/dev/null"\n')


def run(command):
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        sys.exit(f"{command[0]} exited {done.returncode}: {done.stderr[-500:]}")
    return done.stdout, seconds


def run_curl(a, folder):
    curl_config(a, folder + "/config")
    out, seconds = run(["curl", "--disable", "--config", folder + "/config"])
    return out.split().count("200"), seconds


UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}


def run_h2load(a, folder):
    with open(folder + "/body", "w") as file:
        file.write(BODY)
    with open(folder + "/urls", "w") as file:
        file.write("\n".join(urls(a.base_url, a.prefix, min(a.requests, 1000))) + "\n")
    spread = ["-c", "1", "-m", str(a.in_flight)]
    if a.mode == "h2load-h1":
        spread = ["--h1", "-c", str(a.in_flight), "-m", "1"]
    headers = [word for header in HEADERS for word in ("-H", header)]
    out, _ = run(["h2load", "-n", str(a.requests), *spread, *headers,
                  "-d", folder + "/body", "-i", folder + "/urls"])
    value, unit = re.search(r"finished in ([\d.]+)(us|ms|s|m),", out).groups()
    return int(re.search(r"status codes: (\d+) 2xx", out).group(1)), float(value) * UNITS[unit]


class Arguments:
    def __init__(self, mode, in_flight, warm_up, requests, base_url, ca_file, prefix):
        self.mode, self.base_url, self.ca_file, self.prefix = mode, base_url, ca_file, prefix
        self.in_flight, self.requests = int(in_flight), int(requests)


def main():
    a = Arguments(*sys.argv[1:])
    program = a.mode.split("-")[0]
    if not shutil.which(program):
        return {"skipped": f"{program} is not installed"}
    with tempfile.TemporaryDirectory(dir=os.path.dirname(a.ca_file)) as folder:
        good, seconds = (run_curl if program == "curl" else run_h2load)(a, folder)
    if good != a.requests:
        sys.exit(f"{good} of {a.requests} were answered 200")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "requests": a.requests,
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_kib": used.ru_maxrss,
    }


print(json.dumps(main()))
