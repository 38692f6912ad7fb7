"""Verifies a pack by VERIFY.md alone. verify.py PACK.zip [KEY] [EARLIER-CHECKPOINT]; exit code 0 when it verifies, else 1."""
import base64
import csv
import hashlib
import io
import json
import sys
import zipfile

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(true, what):
    if not true:
        raise SystemExit("does not verify: " + what)


# Ed25519 (RFC 8032), points in extended coordinates.
def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n:
        out, point, n = add(out, point) if n & 1 else out, add(point, point), n >> 1
    return out


def unpack(raw):
    sign, y = divmod(int.from_bytes(raw, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x
    need(y < P and (x * x - square) % P == 0, "a point that is not on the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def signed_by(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    a = times(s, unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")))
    b = add(unpack(signature[:32]), times(k, unpack(public)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def open_note(note, key):  # steps 2 and 3
    name, short, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    need(raw[:1] == b"\x01" and sha(name.encode() + b"\n" + raw)[:4].hex() == short, "the key is malformed")
    text, _, last = note.decode().partition("\n\n")
    dash, signer, signature = last.rstrip("\n").split(" ")
    signature = base64.b64decode(signature)
    need(dash == "—" and signer == name and signature[:4].hex() == short and len(signature) == 68, "signed by somebody else")
    need(signed_by(raw[1:], text.encode() + b"\n", signature[4:]), "a signature is not the key's")
    return name, text.split("\n")


def checkpoint(note, key):  # step 5
    name, lines = open_note(note, key)
    need(len(lines) == 3 and lines[0] == name, "a checkpoint has not its three lines, or another log's name")
    return int(lines[1]), lines[2]


def roots(leaves, sizes):  # step 6: the roots over the first so many leaves
    edge, out = [], {}
    for n in range(len(leaves) // 32 + 1):
        if n in sizes:
            root = edge[-1] if edge else sha()
            for node in reversed(edge[:-1]):
                root = sha(b"\1", node, root)
            out[n] = base64.b64encode(root).decode()
        node, at = leaves[32 * n:32 * n + 32], n
        while at & 1:
            node, at = sha(b"\1", edge.pop(), node), at >> 1
        edge.append(node)
    return out


def entries(text, leaves, manifest):  # steps 7 and 8, and the disclosed entries before, in and after the window
    replaced, last, decode, zones = {}, (-1, ""), json.JSONDecoder().raw_decode, [0, 0, 0]
    begins, ends, as_of = (moment(manifest[name]) for name in ("from", "to", "as_of"))
    for line in text.split("\n")[:-1]:
        need(line.startswith('{"leaf":{'), "a line of another form")
        leaf, end = decode(line, 8)
        raw, rest = line[8:end], line[end:]
        need(json.dumps(leaf, sort_keys=True, ensure_ascii=False, separators=(",", ":")) == raw, "a leaf that is not canonical")
        seq, when = leaf["seq"], moment(leaf["recorded"])
        need(sha(b"\0", raw.encode()) == leaves[32 * seq:32 * seq + 32], f"entry {seq} is not the one in the tree")
        need(seq > last[0] and last[1] <= when < as_of, f"entry {seq} is out of order")
        last = seq, when
        zones[(when >= begins) + (when >= ends)] += 1
        if rest == "}":
            continue
        need(rest.startswith(',"salt":"') and rest[41:50] == '","body":' and rest.endswith("}"), "a line of another form")
        digest = sha(bytes.fromhex(rest[9:41]), rest[50:-1].encode()).hex()
        if digest != leaf["body"]:
            replaced[seq] = digest
        elif leaf["kind"] == "ledger.erased":
            erased = {one["seq"]: one["digest"] for one in json.loads(rest[50:-1])["data"]["entries"]}
            replaced = {n: d for n, d in replaced.items() if erased.get(n) != d}
    need(not replaced, f"entries {sorted(replaced)} say what was not recorded")
    told = [manifest["entries"][zone + "_window"]["disclosed"] for zone in ("before", "in", "after")]
    need(zones == told, "not as many disclosed entries before, in and after the window as the manifest says")


def moment(text):  # sorts as the time does
    return "".join(part.ljust(9, "0") for part in text.rstrip("Z").partition(".")[::2])


def main(pack, key=None, earlier=None):
    names = (z := zipfile.ZipFile(pack)).namelist()
    files = {name: z.read(name) for name in names}
    need(len(files) == len(names) and names[-2:] == ["manifest.json", "manifest.sig"], "files are there twice, or the manifest is not")
    known = files["ledger/key"].decode().strip()
    need(key in (None, known), "signed with another key")
    name, lines = open_note(files["manifest.sig"], known)
    need(lines == [name + "/pack", "manifest sha256 " + sha(files["manifest.json"]).hex()], "the manifest is not what was signed")
    manifest = json.loads(files["manifest.json"])
    need([f["name"] for f in manifest["files"]] == names[:-2], "other files than the manifest names")
    for f in manifest["files"]:
        content, kind = files[f["name"]], f["name"].rpartition(".")[2]
        need(len(content) == f["bytes"] and sha(content).hex() == f["sha256"], f["name"] + " was changed")
        table = csv.reader(io.StringIO(content.decode(), newline="")) if kind == "csv" else []
        rows = {"csv": max(sum(1 for _ in table) - 1, 0), "jsonl": content.count(b"\n")}
        need(rows.get(kind, f["rows"]) == f["rows"], f["name"] + " has not as many records as the manifest says")
    leaves, said = files["ledger/leaves.bin"], manifest["ledger"]
    want = dict([checkpoint(files["ledger/checkpoint"], known)])
    need(want == {said["size"]: said["root"]} and len(leaves) == 32 * said["size"], "another checkpoint than the manifest tells of")
    stamped = [f"ledger/stamped-{stamp['size']}" for stamp in said.get("stamps", [])]  # step 9: what is stamped, not by whom
    need(all(b"\4 " + sha(files[n]) in files[n + ".tsr"] for n in stamped), "a time stamp is of something else")
    for note in [files.get("ledger/previous"), earlier and open(earlier, "rb").read()] + [files[n] for n in stamped]:
        if note:
            size, root = checkpoint(note, known)
            need(want.setdefault(size, root) == root and size <= said["size"], "an earlier checkpoint is not continued")
    need(roots(leaves, want) == want, "the leaves do not make up the tree")
    entries(files["ledger/entries.jsonl"].decode(), leaves, manifest)
    print(f"verifies: {len(names)} files, {said['size']} entries, signed by {known}")


main(*sys.argv[1:])
