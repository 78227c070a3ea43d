# meterwatch as a container: the wheel and its locked dependencies, nothing else; not root.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/meterwatch \
    && /opt/meterwatch/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock \
    && python -m pip install --no-cache-dir --require-hashes --requirement requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY LICENSES LICENSES
COPY src src
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/meterwatch/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /var/lib/meterwatch --create-home --shell /usr/sbin/nologin meterwatch
COPY --from=build /opt/meterwatch /opt/meterwatch
ENV PATH=/opt/meterwatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# The root may be mounted read-only: all that is written lies in this one volume and in /tmp.
VOLUME /var/lib/meterwatch
WORKDIR /var/lib/meterwatch
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["meterwatch"]
CMD ["run"]
