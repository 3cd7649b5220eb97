from service import log
from service.api.app import create_app
from service.settings import load_settings
from tests.fakes import FakeEngine


def build():
    s = load_settings()
    log.configure(s.log_level)
    return create_app(FakeEngine(), s, observers=[log.RequestLog(s.log_level)])
