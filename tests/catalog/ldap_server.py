"""A small LDAP server of the tests' own: stands for a facility's directory, over a real socket, in LDAP's real form.

It knows simple binds and searches for one attribute with a value, and notes what it was asked.
"""

import socketserver
import threading

from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder

SUCCESS, WRONG_PASSWORD = 0, 49


def tlv(tag, *parts):
    """A BER element with a definite length."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def text(value):
    return tlv(0x04, value if isinstance(value, bytes) else value.encode())


def message(number, operation):
    return tlv(0x30, tlv(0x02, number.to_bytes(4, "big")), operation)


def result(tag, code):
    return tlv(tag, tlv(0x0A, bytes([code])), text(""), text(""))


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        directory, data, bound = self.server, b"", False
        while chunk := self.request.recv(65536):
            data += chunk
            while data:
                try:
                    request, data = decoder.decode(data, asn1Spec=LDAPMessage())
                except Exception:  # an incomplete message: read on
                    break
                number, operation = int(request["messageID"]), request["protocolOp"]
                kind, body = operation.getName(), operation.getComponent()
                if kind == "bindRequest":
                    name, password = str(body["name"]), bytes(body["authentication"]["simple"]).decode()
                    bound = directory.passwords.get(name) == password and bool(password)
                    directory.binds.append((name, bound))
                    answer = result(0x61, SUCCESS if bound else WRONG_PASSWORD)
                    self.request.sendall(message(number, answer))
                elif kind == "searchRequest":
                    match = body["filter"]["equalityMatch"]
                    wanted = str(match["attributeDesc"]).lower(), bytes(match["assertionValue"]).decode()
                    directory.searches.append(wanted)
                    for dn, entry in directory.entries.items() if bound else ():
                        if wanted[1] in entry.get(wanted[0], []):
                            self.request.sendall(message(number, self.entry(dn, entry)))
                    self.request.sendall(message(number, result(0x65, SUCCESS)))
                elif kind == "unbindRequest":
                    return

    @staticmethod
    def entry(dn, attributes):
        listed = [
            tlv(0x30, text(name), tlv(0x31, *(text(value) for value in values))) for name, values in attributes.items()
        ]
        return tlv(0x64, text(dn), tlv(0x30, *listed))


class LdapStandIn(socketserver.ThreadingTCPServer):
    """Entries by distinguished name (attributes in lower case), and the passwords of their owners."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, entries, passwords):
        super().__init__(("127.0.0.1", 0), Connection)
        self.entries, self.passwords = entries, passwords
        self.binds, self.searches = [], []
        self.url = f"ldap://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args):
        self.shutdown()
        self._thread.join()
        self.server_close()
