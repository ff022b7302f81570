"""A certificate authority for the lab, made with openssl."""

import pathlib
import subprocess
import tempfile

ELLIPTIC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
# OPC UA's security policies know RSA only.
RSA = ("rsa:2048",)


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Issues certificates; the folder goes away with the lab."""

    def __init__(self, name="lab-ca"):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.cert, self.key = self.folder / "ca.crt", self.folder / "ca.key"
        self.issued = {}
        _openssl("req", "-x509", "-newkey", *ELLIPTIC, "-nodes", "-days", 2,
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.cert)

    def issue(self, name, addresses=(), key_kind=ELLIPTIC):
        """Certificate and key for a common name, valid for these host names and addresses too."""
        asked = (name, tuple(addresses), key_kind)
        if asked not in self.issued:
            self.issued[asked] = self._issue(*asked)
        return self.issued[asked]

    def _issue(self, name, addresses, key_kind):
        base = self.folder / f"{len(self.issued)}"
        cert, key, request, extensions = (base.with_suffix(end) for end in (".crt", ".key", ".csr", ".ext"))
        is_address = lambda one: ":" in one or one.replace(".", "").isdigit()
        names = [f"{'IP' if is_address(one) else 'DNS'}:{one}" for one in (name, *addresses)]
        extensions.write_text(
            f"subjectAltName=URI:urn:{name},{','.join(names)}\nextendedKeyUsage=serverAuth,clientAuth\n"
            "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment\n"
        )
        _openssl("req", "-newkey", *key_kind, "-nodes",
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                 "-days", 2, "-extfile", extensions, "-out", cert)
        return cert, key

    def install(self, name, cert_path, key_path, addresses=(), key_kind=ELLIPTIC):
        """Puts a certificate and its key where a product's config says they lie."""
        cert, key = self.issue(name, addresses, key_kind)
        place(cert_path, cert.read_bytes())
        place(key_path, key.read_bytes())


def place(path, content):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_bytes(content)
    pathlib.Path(path).chmod(0o644)
