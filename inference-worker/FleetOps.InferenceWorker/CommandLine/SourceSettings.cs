using System.CommandLine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Sources;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options that say which model and where it is kept; <c>serve</c> and <c>fetch</c> share them.</summary>
internal sealed class SourceSettings
{
    public Option<string?> Source { get; } = Setting.Text("--source", "URI", "Where the model is: https://…, http://… (with --sha256), hf://OWNER/REPO/FILE, s3://BUCKET/KEY, oci://REGISTRY/REPOSITORY:TAG, pvc://CLAIM/PATH or file:///PATH");

    public Option<string?> Revision { get; } = Setting.Text("--revision", "REV", "Branch, tag or commit of hf://, version of s3:// [default: main, or the newest]");

    public Option<string?> Sha256 { get; } = Setting.Text("--sha256", "HEX", "Digest that the file must have");

    public Option<bool> RequireDigest { get; } = Setting.Create(
        "--require-digest",
        "true|false",
        "Whether to refuse a file whose digest neither --sha256 nor the source names",
        "true or false",
        static text => bool.TryParse(text, out var value) ? value : throw new FormatException(),
        static () => false);

    public Option<string?> AcceptedLicense { get; } = Setting.Text("--accepted-license", "ID", "Licence that was accepted, such as apache-2.0: a file under another one is refused, and so is a gated repository without any");

    public Option<string?> Credentials { get; } = Setting.Text("--credentials", "DIR", "Folder with one file for each credential: token, or username and password; for s3:// accessKeyId and secretAccessKey, for oci:// perhaps .dockerconfigjson");

    public Option<IReadOnlyList<Uri>> Hubs { get; } = Setting.Create<IReadOnlyList<Uri>>(
        "--hub-endpoint",
        "URL[,URL…]",
        "Base address of the hub that hf:// names, and of mirrors that are asked while it does not answer; the hub's own HF_ENDPOINT is read too",
        "https:// addresses with commas between them",
        static text => ModelFetcherOptions.ParseHubs(text) is var hubs && hubs.All(hub => hub.IsAbsoluteUri) ? hubs : null,
        static () => ModelFetcherOptions.ParseHubs(Environment.GetEnvironmentVariable("HF_ENDPOINT")));

    public Option<string[]> PlainHttpRegistries { get; } = Setting.Many<string>(
        "--plain-http-registry", "HOST[:PORT]", "Registry of an oci:// source that is reached by plain http, which then needs a digest", "a host with or without a port", static text => text);

    public Option<SourceMirror[]> Mirrors { get; } = Setting.Many<SourceMirror>(
        "--mirror",
        "FROM=TO",
        "Web server that is asked in the stead of an https:// or s3:// source that does not answer, or registry in the stead of that of an oci:// source, if a digest is known: what the source begins with, and what stands for that at the mirror",
        "two addresses that end with a slash, such as https://models.example/=https://cache.example/models/",
        SourceMirror.Parse);

    public Option<string?> ClaimRoot { get; } = Setting.Text("--pvc-root", "DIR", "Folder under which each claim is mounted", () => ServeOptions.DefaultClaimRoot);

    public Option<string?> ModelDirectory { get; } = Setting.Text("--model-dir", "DIR", "Writable folder in which fetched files are kept", () => ServeOptions.DefaultModelDirectory);

    public Option<long?> ModelDirectoryLimit { get; } = Setting.OptionalBytes(
        "--model-dir-limit", "Bytes that the folder of fetched files may hold, such as 200Gi: above, what was not used for the longest time is removed, but nothing in use");

    public Option<long?> ModelDirectoryCapacity { get; } = Setting.OptionalBytes(
        "--model-dir-capacity", "Bytes that the volume of that folder holds where its file system does not tell, such as the sizeLimit of an emptyDir: more ends in DiskFull");

    public Option<bool> TrustVerdicts { get; } = Setting.Create(
        "--trust-verdicts",
        "true|false",
        "Whether a stored file whose size, time and inode are those of its record is used without hashing it: for volumes that find flipped bits themselves",
        "true or false",
        static text => bool.TryParse(text, out var value) ? value : throw new FormatException(),
        static () => false);

    public Option<string?> TerminationLog { get; } = Setting.Text("--termination-log", "FILE", "Where the reason of a failure is left", DefaultTerminationLog);

    public void AddTo(Command command)
    {
        command.Add(Source);
        AddReadingTo(command);
        foreach (var option in new[] { ModelDirectory, TerminationLog })
        {
            command.Add(option);
        }

        command.Add(RequireDigest);
        command.Add(ModelDirectoryLimit);
        command.Add(ModelDirectoryCapacity);
        command.Add(TrustVerdicts);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Source) is null)
            {
                result.AddError($"--source is missing; name the model, for example --source hf://OWNER/REPO/FILE.gguf, or set {Setting.VariableName("--source")}.");
            }
        });
    }

    /// <summary>Adds what a source is read with, for a command that names it otherwise and keeps nothing of it.</summary>
    public void AddReadingTo(Command command)
    {
        foreach (var option in new[] { Revision, Sha256, AcceptedLicense, Credentials, ClaimRoot })
        {
            command.Add(option);
        }

        command.Add(Hubs);
        command.Add(PlainHttpRegistries);
        command.Add(Mirrors);
    }

    public FetchRequest Request(ParseResult result) => Request(result, ModelFetching.ParseSource(result.GetValue(Source)!));

    public FetchRequest Request(ParseResult result, ModelSource source) => new(source)
    {
        Revision = result.GetValue(Revision),
        Sha256 = result.GetValue(Sha256),
        RequireDigest = result.GetValue(RequireDigest),
        AcceptedLicense = result.GetValue(AcceptedLicense),
    };

    public ModelFetcherOptions FetcherOptions(ParseResult result) => ReadingOptions(result) with
    {
        ModelDirectory = Path.GetFullPath(result.GetValue(ModelDirectory)!),
        MaxCacheBytes = result.GetValue(ModelDirectoryLimit),
        CapacityBytes = result.GetValue(ModelDirectoryCapacity),
        TrustsVerdicts = result.GetValue(TrustVerdicts),
    };

    public ModelFetcherOptions ReadingOptions(ParseResult result) => new()
    {
        ClaimRoot = Path.GetFullPath(result.GetValue(ClaimRoot)!),
        CredentialsDirectory = result.GetValue(Credentials),
        S3 = ModelFetching.S3,
        HubEndpoint = result.GetValue(Hubs)![0],
        HubMirrors = [.. result.GetValue(Hubs)!.Skip(1)],
        Mirrors = result.GetValue(Mirrors) ?? [],
        PlainHttpRegistries = result.GetValue(PlainHttpRegistries) ?? [],
    };

    private static string? DefaultTerminationLog() => File.Exists("/dev/termination-log") ? "/dev/termination-log" : null;
}
