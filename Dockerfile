# Babelscope in a container: docker build -t babelscope .
# For a GPU: docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 -t babelscope .
FROM python:3.11-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --create-home --uid 1000 babelscope \
    && mkdir /data \
    && chown babelscope /data

WORKDIR /opt/babelscope
COPY requirements.txt ./
RUN pip install --no-cache-dir torch==2.13.0 --index-url "$TORCH_INDEX" \
    && pip install --no-cache-dir -r requirements.txt
COPY . .
RUN pip install --no-cache-dir --no-deps . \
    && rm -rf /opt/babelscope/build

USER 1000
WORKDIR /home/babelscope
# Studies and models outlive the container in a volume; the container's own network is the border.
ENV BABELSCOPE_HOME=/data \
    HF_HOME=/data/hub \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8501/' + (os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/') + '/').lstrip('/') + '_stcore/health', timeout=4)"]
CMD ["babelscope", "app", "--port", "8501"]
