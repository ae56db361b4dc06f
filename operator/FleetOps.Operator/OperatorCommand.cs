using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace FleetOps.Operator;

/// <summary>The command line. Each option can also be set in the environment; the command line wins.</summary>
internal static partial class OperatorCommand
{
    public static RootCommand Create(Func<OperatorOptions, CancellationToken, Task<int>> run)
    {
        var images = new WorkerImages();
        var ns = Text("--namespace", "Namespace of the Lease. Default: the pod's own.");
        var watched = WatchNamespaces("--watch-namespaces");
        var httpPort = HttpPort("--http-port");
        var hostPaths = Many(
            "--allow-host-path",
            "Directory of the nodes in which caches of type HostPath may lie",
            static path => path.StartsWith('/') && !path.Split('/').Contains(".."),
            "no absolute path without '..', such as /var/lib/models");
        var mirrors = Many(
            "--mirror",
            "Web server that workers ask in the stead of https:// and s3:// sources that do not answer, or registry in the stead of that of oci:// sources, as FROM=TO: what a source begins with, and what stands for that at the mirror",
            static mirror => Mirror().IsMatch(mirror),
            "no pair of addresses that end with a slash, such as s3://models/=https://mirror.example.com/models/");
        var licenses = Flag("--require-license-acceptance", false, "Whether to serve only models whose spec says that their licence is accepted.");
        var digests = Flag("--require-digest", false, "Whether to serve only weights whose SHA-256 the spec or their source names.");
        var leaderElect = Flag("--leader-elect", true, "Whether to wait for the Lease before acting; false only for a single copy.");
        var command = new RootCommand("Reconciles ModelDeployment resources into pods that serve a model.")
        {
            hostPaths, mirrors, licenses, digests, watched, ns, httpPort, leaderElect,
        };
        images.AddTo(command);
        var collector = new CollectorSettings("--", "metrics and traces", "reconciles");
        collector.AddTo(command);
        var workerCollector = new CollectorSettings("--worker-", "metrics and traces of the workers", "requests");
        workerCollector.AddTo(command);
        var logFormat = LogFormats("--log-format");
        command.Add(logFormat);
        command.SetAction((parsed, cancel) => run(
            images.Read(parsed) with
            {
                AllowedHostPaths = parsed.GetValue(hostPaths)!,
                Mirrors = parsed.GetValue(mirrors)!,
                RequireLicenseAcceptance = parsed.GetValue(licenses),
                RequireDigest = parsed.GetValue(digests),
                WatchNamespaces = parsed.GetValue(watched)!,
                Namespace = parsed.GetValue(ns),
                HttpPort = parsed.GetValue(httpPort),
                LeaderElect = parsed.GetValue(leaderElect),
                Collector = collector.Read(parsed),
                WorkerCollector = workerCollector.Read(parsed),
                LogFormat = parsed.GetValue(logFormat),
            },
            cancel));
        return command;
    }

    // Which images workers are made of, and how they are pulled.
    private sealed class WorkerImages
    {
        private readonly Option<string?> _image = Text("--worker-image", "Image of the workers.");
        private readonly Option<string?> _cudaImage = Text("--worker-cuda-image", "Image of the workers that have GPUs. Default: the worker image.");
        private readonly Option<string?> _pullPolicy = PullPolicy("--worker-image-pull-policy", "Pull policy of the worker image: Always, IfNotPresent or Never. Default: Kubernetes' own.");
        private readonly Option<string?> _cudaPullPolicy = PullPolicy("--worker-cuda-image-pull-policy", "The same for the workers that have GPUs. Default: that of the worker image.");
        private readonly Option<string[]> _pullSecrets = Many(
            "--worker-image-pull-secret", "Secret that opens the registry of the worker images, in the namespace of each model", static name => SecretName().IsMatch(name), "no name of a Secret, such as registry");

        public WorkerImages() => _image.Validators.Add(result =>
        {
            if (string.IsNullOrEmpty(result.GetValueOrDefault<string?>()))
            {
                result.AddError("No worker image is given: set --worker-image or FLEETOPS_WORKER_IMAGE.");
            }
        });

        public void AddTo(RootCommand command)
        {
            foreach (var option in (Option[])[_image, _cudaImage, _pullPolicy, _cudaPullPolicy, _pullSecrets])
            {
                command.Add(option);
            }
        }

        public OperatorOptions Read(ParseResult parsed) => new()
        {
            WorkerImage = parsed.GetValue(_image)!,
            WorkerCudaImage = parsed.GetValue(_cudaImage),
            WorkerImagePullPolicy = parsed.GetValue(_pullPolicy),
            WorkerCudaImagePullPolicy = parsed.GetValue(_cudaPullPolicy),
            WorkerImagePullSecrets = parsed.GetValue(_pullSecrets)!,
        };
    }

    private static Option<LogFormat> LogFormats(string name)
    {
        var option = new Option<LogFormat>(name)
        {
            Description = $"What log lines look like: Json or Text. Environment: {Variable(name)}. Default: Json in a cluster and when stdout is no terminal.",
            CustomParser = result => Read(result.Tokens[^1].Value, name, result),
            DefaultValueFactory = result => Environment.GetEnvironmentVariable(Variable(name)) is { Length: > 0 } text ? Read(text, Variable(name), result) : ConsoleLog.DefaultFormat,
        };
        return option;

        static LogFormat Read(string text, string origin, ArgumentResult result)
        {
            if (Enum.TryParse<LogFormat>(text, ignoreCase: true, out var format) && Enum.IsDefined(format) && !char.IsAsciiDigit(text[0]))
            {
                return format;
            }

            result.AddError($"{origin} is '{text}'; it must be Json or Text.");
            return default;
        }
    }

    private static Option<int> HttpPort(string name) => new(name)
    {
        Description = $"Port of /healthz, /readyz and /metrics. Environment: {Variable(name)}. Default: 8080.",
        DefaultValueFactory = result => FromEnvironment(name, 8080, int.TryParse, result),
    };

    private static Option<bool> Flag(string name, bool otherwise, string description) => new(name)
    {
        Description = $"{description} Environment: {Variable(name)}. Default: {(otherwise ? "true" : "false")}.",
        DefaultValueFactory = result => FromEnvironment(name, otherwise, bool.TryParse, result),
    };

    private static Option<string?> Text(string name, string description) => new(name)
    {
        Description = $"{description} Environment: {Variable(name)}.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(Variable(name)) is { Length: > 0 } value ? value : null,
    };

    private static Option<string?> PullPolicy(string name, string description)
    {
        var option = Text(name, description);
        option.AcceptOnlyFromAmong("Always", "IfNotPresent", "Never");
        return option;
    }

    private static Option<string[]> Many(string name, string description, Func<string, bool> isValid, string problem)
    {
        var option = new Option<string[]>(name)
        {
            Description = $"{description}; may be given more than once. Environment: {Variable(name)}, separated by commas. Default: none.",
            DefaultValueFactory = result =>
            {
                var values = Environment.GetEnvironmentVariable(Variable(name))?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
                Check(values, Variable(name), result.AddError);
                return values;
            },
        };
        option.Validators.Add(result => Check(result.Tokens.Select(token => token.Value), name, result.AddError));
        return option;

        void Check(IEnumerable<string> values, string origin, Action<string> addError)
        {
            foreach (var value in values.Where(value => !isValid(value)))
            {
                addError($"{origin} is '{value}', which is {problem}.");
            }
        }
    }

    private static Option<string[]> WatchNamespaces(string name)
    {
        var option = new Option<string[]>(name)
        {
            Description = $"Namespaces whose ModelDeployments are served, separated by commas; a Role in each is then enough. Environment: {Variable(name)}. Default: the whole cluster.",
            CustomParser = result => Split(string.Join(',', result.Tokens.Select(token => token.Value)), result.AddError),
            DefaultValueFactory = result => Split(Environment.GetEnvironmentVariable(Variable(name)) ?? "", result.AddError),
        };
        return option;

        static string[] Split(string text, Action<string> addError)
        {
            var namespaces = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToArray();
            foreach (var ns in namespaces.Where(ns => ns.Length > 63 || !ns.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')))
            {
                addError($"'{ns}' cannot be the name of a namespace; --watch-namespaces takes names such as chat,search.");
            }

            return namespaces;
        }
    }

    private static T FromEnvironment<T>(string name, T otherwise, TryParse<T> parse, ArgumentResult result)
    {
        if (Environment.GetEnvironmentVariable(Variable(name)) is not { Length: > 0 } text)
        {
            return otherwise;
        }

        if (parse(text, out var value))
        {
            return value;
        }

        result.AddError($"{Variable(name)} is '{text}', which is no value for {name}.");
        return otherwise;
    }

    /// <summary>The environment variable that stands for an option.</summary>
    public static string Variable(string option) => "FLEETOPS_" + option[2..].Replace('-', '_').ToUpperInvariant();

    [GeneratedRegex("^((https?|s3)://[^ =,]+/=https?|oci://[^ =,]+/=oci)://[^ =,]+/$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mirror();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretName();

    private delegate bool TryParse<T>(string text, out T value);
}
