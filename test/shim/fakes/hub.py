"""A Hub in a process of its own: it takes models as HfApi sends them, and says what it got.

``python hub.py FOLDER``: writes the files of each commit below FOLDER, and prints its port.
Tokens other than ``hf_good`` may not write.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])


class Hub(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
            return
        if self.headers.get("Authorization") != "Bearer hf_good":
            self._answer(403, {"error": "You may not write here."})
            return
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            (FOLDER / "created.json").write_text(json.dumps(asked))
            url = f"http://{self.headers['Host']}/me/{asked['name']}"
            self._answer(200, {"url": url, "name": f"me/{asked['name']}"})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in files
            ]
            self._answer(200, {"files": modes})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    path = FOLDER / line["value"]["path"]
                    path.write_bytes(base64.b64decode(line["value"]["content"]))
            url = f"http://{self.headers['Host']}/me/model/commit/{'0' * 40}"
            answer = {"commitUrl": url, "commitOid": "0" * 40, "success": True}
            self._answer(200, answer)
        else:
            self._answer(404, {"error": f"No {self.path}"})

    def do_GET(self) -> None:
        self._answer(200, {"id": "me/model", "sha": "0" * 40, "siblings": []})

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        return


server = HTTPServer(("127.0.0.1", 0), Hub)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
