using System.Text.Json;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;

namespace FleetOps.InferenceWorker.Tests.Contract;

/// <summary>What a client sees that was written by others, and knows of the services only what the worker's reflection tells.</summary>
public sealed class GrpcJsTests : IDisposable
{
    private const string Token = "token-of-the-contract";
    private const int Cancelled = 1;
    private const int InvalidArgument = 3;
    private const int DeadlineExceeded = 4;
    private const int NotFound = 5;
    private const int ResourceExhausted = 8;
    private const int OutOfRange = 11;
    private const int Unauthenticated = 16;

    private readonly TestAuthority _authority = new("ours");
    private readonly SecretMount _mount = new();

    public void Dispose()
    {
        _authority.Dispose();
        _mount.Dispose();
    }

    [Fact]
    public async Task Grpc_js_learns_the_contract_by_reflection_and_all_of_it_holds()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var told = await GrpcJs.RunAsync($"localhost:{worker.Address.Port}");
        AssertContract(told);
        await Until.HoldsAsync(() => worker.Engine is { Running: 0, Waiting: 0, Counters.KvTokens: 0 }, "nothing is held any more");
    }

    [Fact]
    public async Task Over_TLS_and_with_a_token_it_is_the_same()
    {
        using var pair = _authority.IssueServer("worker");
        _mount.SwapTls(pair, _authority.RootPem, ("tokens", Token));
        var security = new SecurityOptions { Certificate = _mount.Path("tls.crt"), Key = _mount.Path("tls.key"), Tokens = _mount.Path("tokens") };
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Security = security });
        var told = await GrpcJs.RunAsync($"localhost:{worker.Address.Port}", _mount.Path("ca.crt"), Token);
        AssertContract(told);
        AssertError(told["stranger"], Unauthenticated, "authorization: Bearer TOKEN");
    }

    private static void AssertContract(IReadOnlyDictionary<string, JsonElement> told)
    {
        string[] services = ["fleetops.inference.v1.Control", "fleetops.inference.v1.Inference", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
        Assert.Equal(services, told["services"].EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(("llama", 512), (Text(told["model"], "architecture"), told["model"].GetProperty("context_length").GetInt32()));
        Assert.Equal("Serving", Text(told["server"], "phase"));

        var generated = told["generate"];
        Assert.Equal((0, "from-js", "prompt", "finish"), (generated.GetProperty("status").GetInt32(), Text(generated, "requestId"), Text(generated, "first"), Text(generated, "last")));
        Assert.Equal("nopqrstuvwxyz", Text(generated, "text"));
        Assert.Equal("FINISH_REASON_STOP", Text(generated.GetProperty("finish"), "reason"));
        Assert.Equal("FINISH_REASON_LENGTH", Text(told["chat"].GetProperty("finish"), "reason"));
        Assert.NotEqual("", Text(told["chat"], "text"));
        Assert.Equal(told["tokenize"].GetProperty("token_ids").GetArrayLength(), told["tokenize"].GetProperty("pieces").GetArrayLength());

        AssertError(told["wrong field"], InvalidArgument, "sampling.top_p");
        AssertError(told["too long"], OutOfRange, "512");
        AssertError(told["too large"], ResourceExhausted, "4194304 bytes");
        Assert.Equal(Cancelled, told["cancelled"].GetProperty("status").GetInt32());
        Assert.Equal(DeadlineExceeded, told["late"].GetInt32());
        Assert.Equal(
            Enumerable.Range(0, 32).Select(number => string.Concat(Enumerable.Range('a' + (number % 20) + 1, 'z' - 'a' - (number % 20)).Select(letter => (char)letter))),
            told["many"].EnumerateArray().Select(text => text.GetString()));

        foreach (var service in new[] { "", "liveness", "readiness", "fleetops.inference.v1.Inference" })
        {
            Assert.Equal("SERVING", Text(told[$"health of '{service}'"], "status"));
        }

        AssertError(told["health of nobody"], NotFound, "", rich: false);
        Assert.Equal("SERVING", Text(told["watch"], "status"));
    }

    private static void AssertError(JsonElement error, int code, string named, bool rich = true)
    {
        Assert.Equal((code, rich), (error.GetProperty("code").GetInt32(), error.GetProperty("hasDetails").GetBoolean()));
        Assert.Contains(named, Text(error, "details"), StringComparison.Ordinal);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
