"""What leaves the machine as code holds no secret; what is no secret stays readable."""

from __future__ import annotations

import pytest

from jupyter_shinecat.outbox.scrub import HIDDEN, scrub, scrub_value

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
SECRET = "hunter2-S3cr3t"

LEAKS = [
    f'password = "{SECRET}"',
    f"password='{SECRET}'",
    f'PASSWORD: str = "{SECRET}"',
    f'db_password = f"{SECRET}"',
    f'my_token_2 = b"{SECRET}"',
    f'os.environ["SCICAT_TOKEN"] = "{SECRET}"',
    f"os.environ['AWS_SECRET_ACCESS_KEY']='{SECRET}'",
    f'os.environ.setdefault("API_KEY", "{SECRET}")',
    f'config = {{"user": "me", "password": "{SECRET}"}}',
    f'config = {{"user": "me", "api-key": "{SECRET}"}}',
    f'connect(host="h", passwd="{SECRET}")',
    f'connect(host="h", user="me", secret = "{SECRET}")',
    f'client = login("zhangxf", "{SECRET}")',
    f"client = ScicatClient.from_credentials('http://h', 'zhangxf', '{SECRET}')",
    f'session.auth = ("zhangxf", "{SECRET}")',
    f'requests.get(url, auth=("zhangxf", "{SECRET}"))',
    f'requests.get(url, auth=HTTPBasicAuth("zhangxf", "{SECRET}"))',
    f'headers = {{"Authorization": "Bearer {SECRET}"}}',
    f'headers = {{"X-Api-Key": "{SECRET}"}}',
    f"headers['Cookie'] = '{SECRET}'",
    f'!curl -H "Authorization: Bearer {SECRET}" http://h',
    f"!curl -u zhangxf:{SECRET} http://h",
    f"!mysql --password={SECRET} -u me",
    f"!tool --api-key {SECRET} run",
    f'subprocess.run(["tool", "--token", "{SECRET}"])',
    f"%env SCICAT_TOKEN={SECRET}",
    f"%env SCICAT_TOKEN {SECRET}",
    f"!export TOKEN={SECRET}; run",
    f"%%bash\nexport DB_PASSWORD={SECRET}\nrun",
    f'engine = create_engine("postgresql://me:{SECRET}@host:5432/db")',
    f'url = "https://{SECRET}@github.com/me/repo.git"',
    f'url = "http://h/api?access_token={SECRET}&x=1"',
    f'url = f"http://h/api?x=1&key={SECRET}"',
    f'token = """\n{SECRET}\n"""',
    f"token = (\n    '{SECRET}'\n)",
    f'密码 = "{SECRET}"',
    f'set_password("{SECRET}")',
    f'password: "{SECRET}"',
    f"password: {SECRET}",
    f'if password == "{SECRET}": pass',
    f'token := "{SECRET}"',
    f'parser.add_argument("--token", default="{SECRET}")',
    f"%matplotlib inline\nuser, password = 'me', '{SECRET}'",
    f"password = getpass.getpass('Password: ') or '{SECRET}'",
    f"password = 'a' + ''.join(['{SECRET}'])",
    f"password = base64.b64decode('{SECRET}').decode()",
    f"AUTH_TOKEN = \\\n    '{SECRET}'",
    f"credentials = ('me', '{SECRET}')",
    f"cookies = {{'session': '{SECRET}'}}",
    f"key = Fernet('{SECRET}')",
    f"wandb.login(key='{SECRET}')",
    f"subprocess.run(['curl', '-u', 'me:{SECRET}', url])",
    f"token = os.getenv('TOKEN', '{SECRET}')",
    f"print('密码:', '{SECRET}'); input_pw = '{SECRET}'",
    f"!sshpass -p {SECRET} ssh host",
    f"# the password is {SECRET}",
]


@pytest.mark.parametrize("code", LEAKS)
def test_secret_is_taken_out(code: str) -> None:
    scrubbed = scrub(code)
    assert SECRET not in scrubbed
    assert HIDDEN in scrubbed


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
        "glpat-abcdefghij0123456789",
        "xoxb-123456789012-abcdefghijkl",
        "hf_abcdefghijklmnopqrstuvwxyz012345",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-abcdefghijklmnopqrstuvwxyz0123456789",
        "Zm9vYmFyQmF6MTIzNDU2Nzg5MGFiY2RlZkdISUpLTE1OT1A=",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA",
    ],
)
def test_tokens_are_known_by_their_form(secret: str) -> None:
    assert secret not in scrub(f"x = '{secret}'\nuse(x)")
    assert secret.splitlines()[-1] not in scrub(f"some_call({secret!r})".replace("\\n", "\n"))


HARMLESS = [
    "ds = sc.open('20.500.1/6f0f3a0e-3f5c-5f0b-9a53-8f2f0d1b7c11')",
    'with h5py.File(sc.results("hist.h5"), "w") as f:\n    f["entry/key"] = data  # tokens per pulse',
    "keys = list(f.keys())\nfor key in keys:\n    print(key, f[key].shape)",
    "tokens = tokenize(text)\nn_tokens = len(tokens)\nmax_tokens = 12",
    "token = get_token()\npassword = getpass.getpass('Password: ')",
    "password = os.environ['DB_PASSWORD']",
    'plt.plot(x, y, label="basic statistics of the pin diode")',
    "sha = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
    "author = 'Zhang'\nauthority = 3",
    "df = pd.read_csv('/data/run 17 [a]+b/溶菌酶.csv', sep=',')",
    "url = 'http://localhost:3000/api/v3/datasets?limit=3'",
    "spinning = 'up'; opinion = 'good'",
    "x = compass('north')",
    "a = b['pixel_width_of_detector_module_one']",
    "token = os.getenv('TOKEN')\nsecret = config['secret']\nkey = open('key.txt').read()",
    "for name in ['energy', 'u']:\n    print('mean of', name)",
    "connect('h')  # the password is asked for",
]


@pytest.mark.parametrize("code", HARMLESS)
def test_code_without_secrets_stays_as_it_is(code: str) -> None:
    assert scrub(code) == code


def test_known_values_go_wherever_they_stand() -> None:
    assert "abcd1234" not in scrub("print('abcd1234')", ["abcd1234"])


def test_parameters_with_secret_names_are_hidden() -> None:
    value = {"energy": 9.5, "api_key": "k1", "nested": [{"password": 1234, "note": f"Bearer {SECRET}"}], "author": "Li"}
    scrubbed = scrub_value(value)
    assert scrubbed["energy"] == 9.5
    assert scrubbed["author"] == "Li"
    assert scrubbed["api_key"] == HIDDEN
    assert scrubbed["nested"][0]["password"] == HIDDEN
    assert SECRET not in str(scrubbed)


def test_scrubbed_text_is_not_changed_again() -> None:
    for code in LEAKS:
        once = scrub(code)
        assert scrub(once) == once


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "password" * 20_000,
        "password=" * 20_000,
        "token = '" + "\\" * 100_000,
        'x = """' * 20_000,
        "login(" * 20_000,
        "auth = (" + "'a'," * 50_000,
        "a_" * 100_000 + "token",
        "a." * 100_000,
        "://" + "a" * 200_000,
        "eyJ" + "a." * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 5_000,
        "--" + "-a" * 100_000,
    ],
)
def test_hostile_text_takes_no_time_to_speak_of(text: str) -> None:
    scrub(text)
