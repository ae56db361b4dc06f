using System.Globalization;
using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The command line of a worker.</summary>
internal static class WorkerArguments
{
    public static List<string> For(string modelName, ModelDeploymentSpec spec, WorkerSettings settings)
    {
        var model = spec.Model;
        var (source, revision) = WeightsIdentity.Split(model);
        var engine = spec.Engine;
        List<string> arguments = ["serve", "--source", source, "--model-name", modelName];
        AddIfSet("--revision", revision);
        AddIfSet("--sha256", model.Sha256);
        arguments.AddRange(OfInstallation(model, settings));
        arguments.AddRange(Traces(settings));
        AddIfSet("--model-dir-limit", spec.Cache.MaxSize);
        // The kubelet ends the pod of whoever takes more, which says less than the worker's own refusal.
        AddIfSet("--model-dir-capacity", spec.Cache.SizeLimit is { } limit ? new ResourceQuantity(limit).ToDecimal().ToString("0", CultureInfo.InvariantCulture) : null);
        AddIfSet("--credentials", model.CredentialsSecretRef is null ? null : WorkerContract.CredentialsPath);
        Add("--backend", engine.Backend.ToString());
        Add("--context-length", Number(engine.ContextLength));
        Add("--max-sequences", Number(engine.MaxSequences));
        Add("--kv-cache-type", engine.KvCacheType.ToString());
        Add("--flash-attention", engine.FlashAttention switch
        {
            FlashAttention.Enabled => "On",
            FlashAttention.Disabled => "Off",
            _ => "Auto",
        });
        Add("--gpu-layers", Number(engine.GpuLayers));
        AddIfSet("--split-mode", engine.SplitMode?.ToString());
        AddIfSet("--tensor-split", engine.TensorSplit);
        AddIfSet("--batch-tokens", engine.BatchTokens is { } tokens ? Number(tokens) : null);
        AddIfSet("--draft-tokens", engine.DraftTokens is { } guesses ? Number(guesses) : null);
        AddIfSet("--pooling", engine.Pooling?.ToString());
        AddIfSet("--fit-check", engine.FitCheck?.ToString());
        foreach (var adapter in model.Adapters ?? [])
        {
            Add("--lora", $"{adapter.Name}={WorkerContract.ClaimsPath}/{WorkerVolumes.ClaimOf(model)}/{adapter.Path}");
        }

        if (spec.Service.Tls is { } tls)
        {
            Add("--tls-cert", $"{WorkerContract.TlsPath}/tls.crt");
            Add("--tls-key", $"{WorkerContract.TlsPath}/tls.key");
            AddIfSet("--tls-client-ca", tls.RequireClientCertificate ? $"{WorkerContract.TlsPath}/ca.crt" : null);
        }

        AddIfSet("--token-file", spec.Service.TokenSecretRef is null ? null : $"{WorkerContract.TokensPath}/tokens");
        Add("--drain-delay-seconds", Number(WorkerContract.DrainDelaySeconds));
        Add("--drain-timeout-seconds", Number(spec.Rollout.DrainTimeoutSeconds));
        return arguments;

        void Add(string option, string value)
        {
            arguments.Add(option);
            arguments.Add(value);
        }

        void AddIfSet(string option, string? value)
        {
            if (value is not null)
            {
                Add(option, value);
            }
        }
    }

    /// <summary>What the installation decides about a fetch: what the spec alone cannot tell, such as what the source publishes and which licence the file is under, the worker finds out.</summary>
    public static IEnumerable<string> OfInstallation(ModelReference model, WorkerSettings settings) =>
    [
        .. settings.RequiresDigest ? new[] { "--require-digest", "true" } : [],
        .. model.License is { Accepted: true } license ? new[] { "--accepted-license", license.Id } : [],
        .. settings.MirrorsOf(model.Source).SelectMany(static mirror => new[] { "--mirror", mirror }),
    ];

    private static string[] Traces(WorkerSettings settings) => settings.Collector is { } collector
        ?
        [
            "--otlp-endpoint", collector.Endpoint.OriginalString,
            "--otlp-protocol", collector.Protocol.ToString(),
            "--trace-share", collector.TraceShare.ToString(CultureInfo.InvariantCulture),
        ]
        : [];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
