# A static binary in an image without shell or root.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /throughline ./cmd/throughline && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /throughline /throughline
COPY --from=build --chown=nonroot:nonroot /data /data
ENV THROUGHLINE_DATA=/data THROUGHLINE_ADDR=0.0.0.0:8080 THROUGHLINE_LOG=json
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/throughline", "health"]
ENTRYPOINT ["/throughline"]
CMD ["serve"]
