# Two images from one file:
#   docker build -t rnn-service .                    the service: no torch, no build tools, not root
#   docker build -t rnn-train --target train .       training, into the same model store
# The last stage is the default one.

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH
WORKDIR /app
# A fixed number, so that the owner of files in a volume is known.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin app


# The environments are made without pip, which stays behind in the base image.
FROM base AS build-service
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libpython3-dev
# TRACING=1 adds what OTEL_EXPORTER_OTLP_ENDPOINT needs.
ARG TRACING=
COPY constraints.txt requirements-service.txt requirements-fast.txt requirements-otel.txt ./
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile \
      -r requirements-service.txt -r requirements-fast.txt ${TRACING:+-r requirements-otel.txt}
# Left out: what no request ever runs. hf-xet only downloads models, which the service never does.
RUN pip --python /opt/venv/bin/python uninstall --yes hf-xet \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf onnxruntime/transformers onnxruntime/quantization onnxruntime/tools numpy/f2py \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && find . \( -name '*.pyi' -o -name '*.c' -o -name '*.h' -o -name '*.pyx' \) -delete
# Compiled here, since nothing can be written where the service runs.
COPY recurrent recurrent
RUN python -m recurrent.build
COPY model_store/*.py model_store/
COPY model_store/tasks model_store/tasks
COPY model_store/importing model_store/importing
COPY service service
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      /opt/venv/lib recurrent model_store service


FROM base AS build-train
ARG TORCH_INDEX=
COPY constraints.txt requirements-service.txt requirements-import.txt requirements-train.txt ./
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements-train.txt


# TORCH_INDEX names an extra package index for torch: PyPI's own build brings CUDA libraries of
# several gigabytes, https://download.pytorch.org/whl/cpu has builds without.
FROM base AS train
COPY --from=build-train /opt/venv /opt/venv
COPY --from=build-service /app/recurrent recurrent
COPY model_store model_store
COPY training training
RUN mkdir runs && chown -R app:app model_store/models runs
USER 10001:10001
# Downloaded data sets stay with the runs, which compose keeps in a volume.
ENV XDG_CACHE_HOME=/app/runs/cache
ENTRYPOINT ["python", "-m"]
CMD ["training.train_classifier", "--help"]


FROM base AS service
COPY --from=build-service /opt/venv /opt/venv
COPY --from=build-service /app/recurrent recurrent
COPY --from=build-service /app/model_store model_store
COPY --from=build-service /app/service service
COPY --chown=10001:10001 model_store/models model_store/models
USER 10001:10001
# Inside a container the service must listen on all addresses to be reached at all. Who reaches it
# is decided where the port is published, so that is where ALLOW_ANONYMOUS=1 belongs, if anywhere:
# docker run -p 127.0.0.1:8000:8000 -e ALLOW_ANONYMOUS=1 rnn-service
ENV HOST=0.0.0.0 \
    PORT=8000
EXPOSE 8000
# http.client rather than curl, which the image lacks, or urllib, which would obey a proxy setting.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
# As process 1, gunicorn reaps its workers itself and drains on SIGTERM.
CMD ["gunicorn", "-c", "service/gunicorn.conf.py"]
