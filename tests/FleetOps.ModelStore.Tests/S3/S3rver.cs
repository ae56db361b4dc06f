using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>s3rver, a server of the S3 protocol that was written by others, as a child process. It checks no signatures of version 4 and knows no versions.</summary>
public sealed partial class S3rver : IAsyncLifetime
{
    public const string Bucket = "models";

    // The one account that s3rver has.
    private const string Key = "S3RVER";
    private readonly TestFolder _folder = new();
    private Process? _process;
    private string? _missing;

    public Uri Endpoint { get; private set; } = null!;

    public S3Options Options(string? key = Key) =>
        new() { Endpoint = Endpoint, AccessKeyId = key, SecretAccessKey = key };

    /// <summary>Puts an object with Amazon's own client.</summary>
    public async Task PutAsync(string key, byte[] content)
    {
        Assert.SkipWhen(_missing is not null, $"s3rver cannot be had: {_missing}");
        using var client = new AmazonS3Client(
            new BasicAWSCredentials(Key, Key), new AmazonS3Config { ServiceURL = Endpoint.AbsoluteUri, ForcePathStyle = true, AuthenticationRegion = S3Options.DefaultRegion });
        using var stream = new MemoryStream(content);
        await client.PutObjectAsync(
            new PutObjectRequest { BucketName = Bucket, Key = key, InputStream = stream, UseChunkEncoding = false, DisablePayloadSigning = false }, TestContext.Current.CancellationToken);
    }

    public async ValueTask InitializeAsync()
    {
        (int code, string output, string errors) = await RunAsync(Path.Join(SourceFolder(), "s3rver", "restore"));
        if (code != 0)
        {
            _missing = errors.Trim();
            return;
        }

        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])
            [Path.Join(output.Trim(), "node_modules/s3rver/bin/s3rver.js"), "-d", _folder.Path, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) => Look(line.Data);
        _process.ErrorDataReceived += (_, line) => Look(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Endpoint = await address.Task.WaitAsync(TimeSpan.FromSeconds(60));

        void Look(string? line)
        {
            if (line is not null && Listening().Match(line) is { Success: true } match)
            {
                address.TrySetResult(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{match.Groups["port"].Value}")));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _folder.Dispose();
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex("127\\.0\\.0\\.1:(?<port>[0-9]{2,5})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();
}
