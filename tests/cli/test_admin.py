"""``shinecat admin``: on the embedded catalog all of it, on a real SciCat what its REST can."""

import json

import httpx
import pytest
from cli.conftest import create, dataset, read

from jupyter_shinecat.scicat import CatalogClient


@pytest.fixture
def admin(catalog, run, sign_in):
    sign_in(catalog, "admin")
    return lambda *args, **options: run("admin", *args, **{"who": "admin", **options})


@pytest.fixture
def real_admin(strict, run, sign_in):
    sign_in(strict, "admin")
    return lambda *args, **options: run("admin", *args, **{"who": "admin", **options})


def new_user(admin, name, *groups, password="first password"):
    options = [part for group in groups for part in ("--group", group)]
    ran = admin("users", "create", name, *options, "--password-stdin", stdin=password + "\n")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("which", ["admin", "real_admin"])
def test_users_with_their_groups_and_groups_with_their_users(which, request):
    ask = request.getfixturevalue(which)
    users = {u["username"]: u for u in ask("users", "--json").json}
    assert set(users["zhangxf"]["groups"]) == {"GET", "SHINE"}
    groups = ask("groups", "--json").json
    assert {"zhangxf", "wangxch"} <= set(groups["SHINE"])
    assert "zhangxf" not in groups["AMO"]
    line = next(line for line in ask("users").out.splitlines() if line.startswith("zhangxf"))
    assert "GET, SHINE" in line
    line = next(line for line in ask("groups").out.splitlines() if line.startswith("SHINE"))
    assert "wangxch, zhangxf" in line


def test_only_administrators_list_users(catalog, run, sign_in):
    sign_in(catalog, "zhangxf")
    ran = run("admin", "users")
    assert (ran.code, "403" in ran.err) == (1, True)


@pytest.mark.parametrize(
    "args",
    [
        ("users", "create", "x"), ("users", "disable", "zhangxf"), ("users", "delete", "zhangxf"),
        ("groups", "add", "GET", "wangxch"), ("tokens",), ("tokens", "revoke", "x"),
        ("tokens", "mint", "zhangxf"), ("audit",),
    ],
)  # fmt: skip
def test_what_a_real_scicat_can_not_is_said_with_what_to_change_there(real_admin, args):
    ran = real_admin(*args)
    assert ran.code == 1
    assert any(hint in ran.err for hint in ("functionalAccounts.json", "JWT_SECRET", "--scope all", "HISTORY_ACCESS"))


def test_passwords_of_a_real_scicat_are_set_and_changed(strict, real_admin, run, sign_in):
    refused = real_admin("users", "password", "wangxch")
    assert (refused.code, "--prompt" in refused.err) == (1, True)
    done = real_admin("users", "password", "wangxch", "--password-stdin", stdin="set by another\n")
    assert (done.code, "JWT_SECRET" in done.err + done.out) == (0, True)
    sign_in(strict, "wangxch", "set by another")
    words = f"set by another\n{strict.password('wangxch')}\n"  # what it was, for the others here
    assert "live until" in run("passwd", "--password-stdin", who="wangxch", stdin=words).out
    sign_in(strict, "wangxch")
    code = run("passwd", "--catalog", strict.url, "--user", "wangxch", "--code", "--password-stdin", stdin="x\n")
    assert (code.code, "An administrator sets a password" in code.err) == (1, True)


def test_a_slip_of_the_pen_in_a_group_or_user_is_said(catalog, admin):
    pid = create(catalog, "zhangxf", dataset())
    for group in ("AMO,SHINE", "", " AMO"):
        for how in ("grant", "move"):
            ran = admin("datasets", how, group, "--pid", pid)
            assert (ran.code, "no name of a group" in ran.err) == (1, True)
    assert read(catalog, "admin", pid).access_groups == []
    gone = admin("groups", "remove", "ANO", "wangxch")
    assert (gone.code, "Nobody is in a group ANO" in gone.err) == (1, True)
    assert "no user nobody" in admin("tokens", "mint", "nobody").err
    new_user(admin, "sleeper")
    admin("users", "disable", "sleeper")
    ran = admin("tokens", "mint", "sleeper")
    assert (ran.code, "is disabled" in ran.err) == (1, True)


def test_a_person_with_a_code_sets_a_password_and_changes_it(catalog, admin, run, sign_in):
    made = admin("users", "create", "newone", "--group", "GET", "--email", "n@x.org", "--json").json
    args = ("passwd", "--catalog", catalog.url, "--user", "newone", "--code", "--password-stdin")
    assert run(*args, who="newone", stdin=f"{made['code']}\nmy own words\n").code == 0
    again = run(*args, who="newone", stdin=f"{made['code']}\nmy own words\n")
    assert (again.code, "wrong, used or too old" in again.err) == (1, True)
    sign_in(catalog, "newone", "my own words")
    assert "at least" in run("passwd", "--password-stdin", who="newone", stdin="my own words\nshort\n").err
    done = run("passwd", "--password-stdin", who="newone", stdin="my own words\nother words\n")
    assert done.code == 0, done.err
    assert run("whoami", "--json", who="newone").json["groups"] == ["GET"]  # this session goes on
    lost = admin("users", "password", "newone")
    assert "shinecat passwd --catalog" in lost.out
    linked = admin("users", "password", "newone", "--link")
    assert f"{catalog.url}/shinecat/password#user=newone&code=" in linked.out
    assert "passwd" not in linked.out.replace("/shinecat/password", "")
    told = admin("users", "password", "newone", "--json").json
    assert told["link"].endswith(f"#user=newone&code={told['code']}")
    assert run("whoami", who="newone").code == 1


def test_disable_enable_delete(catalog, admin, run, sign_in):
    new_user(admin, "leaver", "GET")
    sign_in(catalog, "leaver", "first password")
    assert admin("users", "disable", "leaver").code == 0
    assert run("whoami", who="leaver").code == 1
    assert "disabled" in next(line for line in admin("users").out.splitlines() if line.startswith("leaver"))
    admin("users", "enable", "leaver")
    sign_in(catalog, "leaver", "first password")
    assert admin("users", "delete", "leaver").code == 0
    gone = admin("users", "delete", "leaver")
    assert (gone.code, "no user leaver" in gone.err) == (1, True)


def test_members_come_and_go(admin):
    new_user(admin, "m1")
    new_user(admin, "m2")
    assert admin("groups", "add", "BEAM 7", "m1", "m2").code == 0
    assert admin("groups", "--json").json["BEAM 7"] == ["m1", "m2"]
    assert admin("groups", "add", "X", "m1", "nobody").code == 1
    groups = admin("groups", "--json").json
    assert "X" not in groups  # nothing was done by half
    admin("groups", "remove", "BEAM 7", "m2")
    assert admin("groups", "--json").json["BEAM 7"] == ["m1"]


def test_a_service_token_is_shown_once_and_revoked(catalog, admin):
    made = admin("tokens", "mint", "zhangxf", "--name", "prometheus", "--lifetime", "2d")
    token = made.out.strip()
    listed = admin("tokens", "--json")
    record = next(t for t in listed.json if t["name"] == "prometheus")
    assert token not in listed.out
    assert record["scope"] == "read"
    with CatalogClient(catalog.url, token) as client:
        assert client.whoami().username == "zhangxf"
    assert admin("tokens", "revoke", record["id"]).code == 0
    answer = httpx.get(f"{catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_plain_token_of_a_real_scicat(strict, real_admin):
    made = real_admin("tokens", "mint", "zhangxf", "--scope", "all", "--lifetime", "1h").out.strip()
    with CatalogClient(strict.url, made) as client:
        assert client.whoami().username == "zhangxf"
    assert real_admin("tokens", "mint", "zhangxf", "--scope", "all", "--lifetime", "soon").code == 1


# -- datasets, on both -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["catalog", "strict"])
def both(request, run, sign_in):
    server = request.getfixturevalue(request.param)
    sign_in(server, "admin")
    top = f"/data/{request.node.name.split('[')[0]}-{request.param}"
    return server, top, lambda *args: run("admin", "datasets", *args, who="admin")


def test_a_folder_is_granted_and_taken_away(both):
    server, top, do = both
    inside = create(server, "zhangxf", dataset(sourceFolder=f"{top}/a (1)+/run 1", accessGroups=["X"]))
    exact = create(server, "zhangxf", dataset(sourceFolder=f"{top}/a (1)+"))
    beside = create(server, "zhangxf", dataset(sourceFolder=f"{top}/a (1)+b"))
    dry = do("grant", "AMO", "--folder", f"{top}/a (1)+/", "--dry-run", "--json").json
    assert {change["id"] for change in dry["changes"]} == {inside, exact}
    assert read(server, "admin", exact).access_groups == []
    ran = do("grant", "AMO", "--folder", f"{top}/a (1)+/")
    assert ran.code == 0, ran.err
    assert "2 changed" in ran.err
    assert read(server, "wangxch", inside).access_groups == ["X", "AMO"]
    assert read(server, "admin", beside).access_groups == []
    assert do("grant", "AMO", "--folder", f"{top}/a (1)+/", "--json").json["changes"] == []
    do("revoke", "AMO", "--folder", f"{top}/a (1)+")
    assert read(server, "admin", inside).access_groups == ["X"]
    assert read(server, "admin", exact).owner_group == "GET"


def test_a_proposal_is_granted_with_its_datasets(both):
    server, top, do = both
    proposal = f"P-{top.rsplit('-', 1)[1]}"
    body = {"proposalId": proposal, "email": "a@x.org", "ownerGroup": "GET", "title": "t", "type": "Default Proposal"}
    with CatalogClient(server.url, server.token("admin")) as client:
        made = client._http.post(
            f"{server.url}/api/v3/proposals", json=body, headers={"Authorization": f"Bearer {client.token.reveal()}"}
        )
        assert made.status_code == 201, made.text
    pid = create(server, "zhangxf", dataset(sourceFolder=top, proposalIds=[proposal]))
    other = create(server, "zhangxf", dataset(sourceFolder=top, proposalIds=["other"]))
    changed = do("grant", "AMO", "SHINE", "--proposal", proposal, "--json").json["changes"]
    assert {(c["kind"], c["id"]) for c in changed} == {("proposal", proposal), ("dataset", pid)}
    assert read(server, "wangxch", pid).access_groups == ["AMO", "SHINE"]
    assert read(server, "admin", other).access_groups == []
    answer = httpx.get(
        f"{server.url}/api/v3/proposals/{proposal}", headers={"Authorization": f"Bearer {server.token('wangxch')}"}
    )
    assert answer.status_code == 200


def test_a_proposal_that_only_datasets_name_is_granted_and_a_slip_of_the_pen_is_said(both):
    server, top, do = both
    proposal = f"only-{top.rsplit('-', 1)[1]}"
    pid = create(server, "zhangxf", dataset(sourceFolder=top, proposalIds=[proposal]))
    assert do("grant", "AMO", "--proposal", proposal).code == 0
    assert read(server, "wangxch", pid).access_groups == ["AMO"]
    for wrong in (("--proposal", proposal + "x"), ("--folder", f"{top}/nothing")):
        ran = do("revoke", "AMO", "--pid", pid, *wrong)
        assert (ran.code, wrong[1] in ran.err) == (1, True)
    assert read(server, "wangxch", pid).access_groups == ["AMO"]


def test_ownership_moves_and_unknown_datasets_change_nothing(both):
    server, top, do = both
    pid = create(server, "zhangxf", dataset(sourceFolder=top))
    assert do("move", "AMO", "--pid", pid, "--pid", "no/such").code == 1
    assert read(server, "zhangxf", pid).owner_group == "GET"
    assert do("move", "AMO", "--pid", pid).code == 0
    assert read(server, "wangxch", pid).owner_group == "AMO"
    assert do("move", "AMO").code == 1
    assert do("grant", "AMO", "--folder", "/").code == 1


def test_grants_are_in_the_audit_file(catalog, admin):
    pid = create(catalog, "zhangxf", dataset(sourceFolder="/data/audited"))
    admin("datasets", "grant", "AMO", "--pid", pid)
    entry = next(e for e in admin("audit", "--json").json if e["subject"] == pid and e["action"] == "dataset.access")
    assert (entry["user"], entry["accessGroups"]) == ("admin", [[], ["AMO"]])
    assert pid in admin("audit").out
    only = admin("audit", "--only", "dataset.access", "--only", "user.", "--json").json
    assert {e["action"].split(".")[0] for e in only} <= {"dataset", "user"}
    assert entry in only
    assert "dataset.create" not in {e["action"] for e in only}


def test_a_proposal_granted_is_in_the_audit_file_too(catalog, admin):
    body = {"proposalId": "P-audit", "email": "a@x.org", "ownerGroup": "GET", "title": "t"}
    headers = {"Authorization": f"Bearer {catalog.token('admin')}"}
    assert httpx.post(f"{catalog.url}/api/v3/proposals", json=body, headers=headers).status_code == 201
    assert admin("datasets", "grant", "AMO", "--proposal", "P-audit").code == 0
    made, opened = (e for e in admin("audit", "--json").json if e["subject"] == "P-audit")
    assert made["action"] == "proposal.create"
    assert (opened["action"], opened["accessGroups"]) == ("proposal.access", [[], ["AMO"]])


def test_a_refusal_in_the_middle_says_what_was_done(catalog, run, sign_in, tmp_path):
    mine = create(catalog, "zhangxf", dataset(sourceFolder="/data/middle/1", accessGroups=["SHINE"]))
    his = create(catalog, "wangxch", dataset(sourceFolder="/data/middle/2", ownerGroup="AMO", accessGroups=["GET"]))
    sign_in(catalog, "zhangxf")
    ran = run("admin", "datasets", "grant", "X", "--pid", mine, "--pid", his, "--json")
    assert (ran.code, "1 of 2" in ran.err) == (1, True)
    assert [change["id"] for change in json.loads(ran.out)["changes"]] == [mine]
