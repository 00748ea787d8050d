"""Puts the dashboards into a Grafana by its API."""

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from collector.vocabulary.errors import PermanentError, RetryableError
from collector.vocabulary.languages import Language
from dashboards.building import documents

FOLDER_UID = "houtai"


def push(url: str, token: str, language: Language = "en", folder: str = "Houtai") -> list[str]:
    """Create or replace the folder and every dashboard; gives where each stands.

    Raises PermanentError where Grafana refuses (a token without the right, say), RetryableError where it is not there.
    """
    grafana = GrafanaApi.from_url(url, credential=token, timeout=10)
    try:
        if FOLDER_UID not in {known["uid"] for known in grafana.folder.get_all_folders()}:
            grafana.folder.create_folder(title=folder, uid=FOLDER_UID)
        done = []
        for uid, document in documents(language).items():
            body = {
                "dashboard": document,
                "folderUid": FOLDER_UID,
                "overwrite": True,
                "message": "houtai dashboards push",
            }
            answer = grafana.dashboard.update_dashboard(body)
            done.append(f"{uid}: {url.rstrip('/')}{answer['url']}")
    except GrafanaClientError as error:
        raise PermanentError(f"{url}: Grafana refuses: {error}") from error
    except (GrafanaException, OSError) as error:
        raise RetryableError(f"{url}: no Grafana answers ({type(error).__name__})") from error
    return done
