using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.InferenceWorker.Tests.Server;

public sealed class TokenTests : IDisposable
{
    private const string First = "first-token-of-this-test";
    private const string Second = "second-token-of-this-test";

    private readonly SecretMount _mount = new();
    private readonly FakeLogCollector _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _mount.Dispose();

    [Fact]
    public async Task Only_a_known_token_opens_the_services_and_health_needs_none()
    {
        await using var worker = await ServeAsync($"# tokens of the test\n\n{First}\n");
        Assert.Equal("TOKEN_MISSING", await RefusalAsync(worker));
        string[] unknown = ["Bearer " + Second, First, "Basic " + First, "Bearer", "Bearer ", $"Bearer {First}x", "Bearer # tokens of the test", "Bearer " + new string('x', 8000)];
        foreach (var sent in unknown)
        {
            Assert.Equal("TOKEN_UNKNOWN", await RefusalAsync(worker, sent));
        }

        Assert.Equal("TOKEN_UNKNOWN", await RefusalAsync(worker, "Bearer " + First, "Bearer " + First));
        Assert.Null(await RefusalAsync(worker, "Bearer " + First));
        Assert.Null(await RefusalAsync(worker, "bearer " + First));

        var health = await new Health.HealthClient(worker.Channel).CheckAsync(new HealthCheckRequest(), cancellationToken: Cancellation);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        Assert.Equal("Serving", await worker.Http.GetStringAsync("/readyz", Cancellation));
        using var reflection = new ServerReflection.ServerReflectionClient(worker.Channel).ServerReflectionInfo(cancellationToken: Cancellation);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => reflection.ResponseStream.MoveNext(Cancellation))).StatusCode);

        Assert.Matches($@"(?m)^fleetops_worker_calls_unauthenticated_total(\{{\}})? {unknown.Length + 3}\b", await worker.Http.GetStringAsync("/metrics", Cancellation));
        Assert.Contains(_log.GetSnapshot(), line => line.Id.Id == 1403);
    }

    [Fact]
    public async Task A_stream_is_refused_as_one_status_that_says_what_to_do()
    {
        await using var worker = await ServeAsync(First);
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m" }));
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Equal("The call brings no token. Send one as metadata: `authorization: Bearer TOKEN`.", error.Status.Detail);
        Assert.Equal(0, worker.Engine.Running + worker.Engine.Waiting);
    }

    [Fact]
    public async Task Tokens_are_exchanged_while_the_worker_runs()
    {
        await using var worker = await ServeAsync(First);
        _mount.Swap(("tokens", $"{First}\n{Second}\n"));
        await Until.HoldsAsync(async () => await RefusalAsync(worker, "Bearer " + Second) is null, "the second token is known");
        Assert.Null(await RefusalAsync(worker, "Bearer " + First));

        _mount.Swap(("tokens", $"{Second}\n"));
        await Until.HoldsAsync(async () => await RefusalAsync(worker, "Bearer " + First) is not null, "the first token is gone");
        Assert.Null(await RefusalAsync(worker, "Bearer " + Second));

        // A list without a token would lock everybody out, so it is not taken.
        _mount.Swap(("tokens", "# none\nshort\n"));
        await Until.HoldsAsync(
            async () => await RefusalAsync(worker, "Bearer " + Second) is null && _log.GetSnapshot().Any(line => line.Id.Id == 1402 && line.Message.Contains("Line 2 of ", StringComparison.Ordinal)),
            "the log tells the line");
        Assert.Null(await RefusalAsync(worker, "Bearer " + Second));
        Assert.DoesNotContain(_log.GetSnapshot(), line => line.Message.Contains("token-of-this-test", StringComparison.Ordinal) || line.Message.Contains("short", StringComparison.Ordinal));
    }

    private async Task<InProcessWorker> ServeAsync(string tokens)
    {
        _mount.Swap(("tokens", tokens));
        return await InProcessWorker.ServeAsync(
            ModelFiles.Successor,
            options => options with { Security = new SecurityOptions { Tokens = _mount.Path("tokens") } },
            builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(new FakeLoggerProvider(_log)));
    }

    /// <summary>The reason of the refusal; null if the call was answered.</summary>
    private static async Task<string?> RefusalAsync(InProcessWorker worker, params string[] authorization)
    {
        var metadata = new Metadata();
        foreach (var value in authorization)
        {
            metadata.Add("authorization", value);
        }

        try
        {
            await new Control.ControlClient(worker.Channel).GetServerInfoAsync(new GetServerInfoRequest(), metadata, cancellationToken: Cancellation);
            return null;
        }
        catch (RpcException error)
        {
            Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
            return error.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason;
        }
    }
}
