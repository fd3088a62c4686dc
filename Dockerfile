# seqtune, Ray and MLflow in one image, without a compiler and without root.
FROM python:3.11-slim AS build
# Where pip finds CPU builds of torch; without it Linux gets the CUDA build, which is several GB larger.
ARG PIP_EXTRA_INDEX_URL=
# Extras of pyproject.toml; Kubernetes needs "postgres server kubernetes".
ARG EXTRAS="postgres server"
WORKDIR /src
COPY constraints.txt pyproject.toml ./
# The requirements alone first: a change of the code then builds again in seconds.
RUN python -m venv /opt/seqtune \
    && /opt/seqtune/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
       e = p['optional-dependencies']; print(*p['dependencies'], *(r for x in '$EXTRAS'.split() for r in e[x]), sep='\n')" \
       > requirements.txt \
    && /opt/seqtune/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt -r requirements.txt
COPY README.md LICENSE ./
COPY search_spaces search_spaces
COPY data data
COPY models models
COPY tuning tuning
RUN /opt/seqtune/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:3.11-slim
COPY --from=build /opt/seqtune /opt/seqtune
COPY campaigns /campaigns
COPY deploy/mlflow-auth.ini /etc/seqtune/mlflow-auth.ini
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin seqtune && install -d -o seqtune /data
USER seqtune
WORKDIR /data
ENV PATH=/opt/seqtune/bin:$PATH \
    HOME=/tmp \
    OMP_NUM_THREADS=1 \
    PYTHONUNBUFFERED=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    MLFLOW_DISABLE_TELEMETRY=true \
    SEQTUNE_HOME=/data
ENTRYPOINT ["seqtune"]
CMD ["--help"]
