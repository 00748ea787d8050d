// Sends spans or log records with the SDK's own exporters and prints what it sent, one name a line.
// node send.mjs proto|json|grpc traces|logs ENDPOINT COUNT none|gzip
import { context, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createRequire } from "node:module";

const [protocol, signal, endpoint, count, compression] = process.argv.slice(2);
const packages = { proto: "proto", json: "http", grpc: "grpc" };
const one = signal === "traces" ? "trace" : "logs";
const require = createRequire(import.meta.url);
const exporters = require(`@opentelemetry/exporter-${one}-otlp-${packages[protocol]}`);
const Exporter = signal === "traces" ? exporters.OTLPTraceExporter : exporters.OTLPLogExporter;
const url = protocol === "grpc" ? endpoint : `${endpoint}/v1/${signal}`;
// So long the exporter tries: it must outlast the receiver's trouble.
const exporter = new Exporter({ url, compression, timeoutMillis: 40_000 });
const resource = resourceFromAttributes({ "service.name": "shop-js" });
const options = { maxExportBatchSize: 40, scheduledDelayMillis: 60_000, exportTimeoutMillis: 45_000 };

if (signal === "traces") {
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter, options)] });
  const tracer = provider.getTracer("shop", "1.0");
  const root = tracer.startSpan("root");
  for (let number = 0; number < count; number++) {
    const span = tracer.startSpan(
      `work ${number}`,
      { attributes: { "order.id": `A-${number}`, amount: 12.5, count: number, paid: true, items: ["a", "b"] } },
      trace.setSpan(context.active(), root),
    );
    if (number === 0) span.recordException(new TypeError("bad"));
    span.end();
    console.log(`${span.spanContext().traceId}:${span.spanContext().spanId}`);
  }
  root.end();
  console.log(`${root.spanContext().traceId}:${root.spanContext().spanId}`);
  await provider.forceFlush();
  await provider.shutdown();
} else {
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter, ...options })] });
  const logger = provider.getLogger("shop", "1.0");
  for (let number = 0; number < count; number++) {
    logger.emit({
      eventName: "order.paid",
      severityNumber: 9,
      body: { order: { id: `A-${number}` }, raw: new Uint8Array([1, 2, 255]) },
      attributes: { "order.id": `A-${number}` },
      timestamp: Date.now(),
    });
    console.log(`A-${number}`);
  }
  await provider.forceFlush();
  await provider.shutdown();
}
