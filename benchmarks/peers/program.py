"""nginx and haproxy as processes under test: ``program.py NAME ROLE ARGUMENTS``.

Writes a configuration for one process with one thread, starts the program, waits until it
listens, and says where and which process it is.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: a program that does not listen by then has refused its configuration
START_S = 10.0

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
worker_rlimit_nofile 30000; user root;
events {{ worker_connections 25000; }}
http {{
  access_log off; sendfile on; default_type application/octet-stream;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port} backlog=2048; root {root}; send_timeout 600; }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 5000
defaults
  mode tcp
  timeout connect 10s
  timeout client 600s
  timeout server 600s
{options}
listen through
  bind 127.0.0.1:{port} backlog 2048
  server far 127.0.0.1:{far}
"""
#: splice-auto often copies all the same
SPLICING = "  option splice-request\n  option splice-response"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def nginx(folder: Path, port: int, role: str, path: str) -> list[str]:
    """nginx serves the folder of the file at *path*, over HTTP."""
    if role != "file":
        raise SystemExit(f"nginx has no {role}")
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, root=Path(path).parent))
    return ["nginx", "-c", str(config), "-p", str(folder), "-e", "stderr"]


def haproxy(folder: Path, port: int, role: str, far: str, how: str = "") -> list[str]:
    """haproxy passes each connection on to the port *far*; ``splice`` lets it."""
    if role != "proxy":
        raise SystemExit(f"haproxy has no {role}")
    config = folder / "haproxy.cfg"
    options = SPLICING if how == "splice" else ""
    config.write_text(HAPROXY.format(options=options, port=port, far=far))
    return ["haproxy", "-db", "-q", "-f", str(config)]


def main() -> None:
    """Start it and stay until killed."""
    name, role, *arguments = sys.argv[1:]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        line = {"nginx": nginx, "haproxy": haproxy}[name](Path(folder), port, role, *arguments)
        process = subprocess.Popen(line)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                print("listening", port, process.pid, flush=True)
                break
            time.sleep(0.02)
        # the configuration has been read; the folder goes when the program does
        os._exit(process.wait())


if __name__ == "__main__":
    main()
