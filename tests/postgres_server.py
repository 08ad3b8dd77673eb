"""A PostgreSQL server of a test's own, in a folder of its own, that can be restarted."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text

SERVER_USER = "postgres"  # the server refuses to run as root


class PostgresServer:
    """Listens on a free port of the loopback, and trusts who comes from there."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="spooflab-postgres-"))
        self._data = self._folder / "data"
        if os.geteuid() == 0:
            os.chown(self._folder, pwd.getpwnam(SERVER_USER).pw_uid, -1)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._run("initdb", "--username=spooflab", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        self.start()
        self.url = f"postgresql://spooflab@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "--wait", "--silent", f"--log={self._folder / 'log'}", f"--options={options}", "start")

    def new_database(self, name: str) -> str:
        """Make an empty database, and return its URL."""
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg2:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return f"{self.url.rpartition('/')[0]}/{name}"

    def stop(self) -> None:
        """Stop, without waiting for clients to leave."""
        self._run("pg_ctl", "--wait", "--silent", "--mode=fast", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._data}", *words]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--clear-groups", *command]
        # Its output goes to a file: the server inherits what pg_ctl was given, and would hold a pipe open.
        with (self._folder / "commands").open("a+") as told:
            if subprocess.run(command, check=False, stdout=told, stderr=told, cwd=self._folder).returncode != 0:
                told.seek(0)
                raise RuntimeError(f"{program} failed: {told.read()[-2000:]}")


def programs() -> Path | None:
    """Where initdb and pg_ctl are: on the PATH, or where Debian puts them; the newest."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None
