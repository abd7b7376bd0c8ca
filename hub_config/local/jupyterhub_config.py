"""A hub on one machine, for trying and for a single trusted group: no root, no system users, nothing but this package.

    SHINECAT_HUB_DATA=~/shinecat-hub jupyterhub --config jupyterhub_config.py

| variable | meaning | default |
|---|---|---|
| SHINECAT_HUB_DATA | folder (made 0700) for everything: database, keys, home folders | ./shinecat-hub |
| SHINECAT_HUB_PORT | port for the browser | 8000 |
| SHINECAT_CATALOG_URL | root address of a SciCat; unset: the hub starts and watches the embedded catalog | unset |
| SHINECAT_CATALOG_PORT | port of the embedded catalog | 3000 |
| SHINECAT_HUB_INTERNAL_PORT, SHINECAT_PROXY_API_PORT | ports between hub, servers and proxy | any free ones |
| JUPYTERHUB_CRYPT_KEY | key that encrypts catalog tokens | made once, kept in SHINECAT_HUB_DATA/crypt_key |

All user servers run as the account that runs the hub: people are told apart by the catalog, not by the operating
system. Where that is not enough, use a spawner that starts each server as its own user or container.
"""

import os
import sys
from pathlib import Path

from jupyter_shinecat.hub import configure
from jupyter_shinecat.hub.localfiles import crypt_key, port, private_folder

c = get_config()  # noqa: F821

here = Path(__file__).resolve().parent
data = private_folder(os.environ.get("SHINECAT_HUB_DATA") or "shinecat-hub")
programs = Path(sys.executable).parent

# -- addresses: everything listens on this machine only ---------------------------------------------------------------
hub_port = port("SHINECAT_HUB_PORT", 8000)
c.JupyterHub.bind_url = f"http://127.0.0.1:{hub_port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port('SHINECAT_HUB_INTERNAL_PORT')}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port('SHINECAT_PROXY_API_PORT')}"
# The proxy installed beside this Python, so that a hub started without an activated environment finds it.
if (programs / "configurable-http-proxy").exists():
    c.ConfigurableHTTPProxy.command = [str(programs / "configurable-http-proxy")]

# -- files ------------------------------------------------------------------------------------------------------------
c.JupyterHub.db_url = f"sqlite:///{data / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(data / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(data / "proxy.pid")
c.CryptKeeper.keys = [crypt_key(data)]

# -- sign-on ----------------------------------------------------------------------------------------------------------
catalog_url = os.environ.get("SHINECAT_CATALOG_URL")
if not catalog_url:
    catalog_port = port("SHINECAT_CATALOG_PORT", 3000)
    catalog_url = f"http://127.0.0.1:{catalog_port}"
    embedded = [sys.executable, "-m", "jupyter_shinecat", "catalog", "serve"]
    c.JupyterHub.services = [
        {
            "name": "catalog",
            "command": [*embedded, "--port", str(catalog_port), "--data", str(data / "catalog")],
        }
    ]
configure(c, catalog_url=catalog_url)

# -- user servers -----------------------------------------------------------------------------------------------------
homes = private_folder(data / "home")
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(homes).replace("{", "{{").replace("}", "}}") + "/{username}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
if hasattr(os, "geteuid") and os.geteuid() == 0:
    c.Spawner.args = ["--allow-root"]
c.Spawner.environment.update(
    {
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)]),
        "JUPYTER_RUNTIME_DIR": lambda spawner: str(homes / spawner.user.name / ".local/share/jupyter/runtime"),
        # Turns off JupyterLab's question about news, which would ask a server of its makers.
        "JUPYTER_CONFIG_PATH": str(here / "jupyter"),
    }
)
# The first start of a server on a slow disk imports for a while.
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
