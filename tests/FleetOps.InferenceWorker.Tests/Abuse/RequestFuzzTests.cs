using System.Globalization;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>
/// Every method with requests of any content, against the program itself, so that a crash of native code is seen for what it is.
/// FLEETOPS_FUZZ_SEED repeats a run, FLEETOPS_FUZZ_REQUESTS makes it longer.
/// </summary>
public sealed class RequestFuzzTests
{
    private const int AtOnce = 8;

    /// <summary>A request that no service could read or compute is the caller's mistake; these would be ours.</summary>
    private static readonly StatusCode[] Faults = [StatusCode.Unknown, StatusCode.Internal, StatusCode.DataLoss, StatusCode.Unavailable];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_harms_the_worker()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FUZZ_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        var requests = int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FUZZ_REQUESTS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 3000;
        TestContext.Current.TestOutputHelper?.WriteLine($"FLEETOPS_FUZZ_SEED={seed}");
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}", "--context-length", "128", "--max-request-seconds", "5", "--max-sequences", "4");
        await worker.UntilServingAsync();

        // The first part warms everything up; memory is compared after it.
        await SendAsync(worker, seed, requests / 3);
        await AssertUnharmedAsync(worker, seed);
        var before = await worker.ResidentBytesAsync();
        await SendAsync(worker, unchecked(seed + 1), requests - (requests / 3));
        await AssertUnharmedAsync(worker, seed);
        await Until.HoldsAsync(async () => await worker.ResidentBytesAsync() - before < 64 * 1024 * 1024, $"the memory of {requests} requests is given back, with seed {seed}");
    }

    private static async Task SendAsync(WorkerProcess worker, int seed, int requests)
    {
        // Drain would end the worker, as it should.
        var methods = InferenceReflection.Descriptor.Services.Concat(ControlReflection.Descriptor.Services)
            .SelectMany(service => service.Methods).Where(method => method.Name != "Drain").ToArray();
        var invoker = worker.Channel.CreateCallInvoker();
        await Parallel.ForAsync(0, requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancellation }, async (number, _) =>
        {
            var random = new Random(unchecked((seed * 31) + number));
            var messages = new RandomMessage(random);
            var method = methods[random.Next(methods.Length)];
            var sound = messages.Make(method.InputType).ToByteArray();
            var request = random.Next(4) == 0 ? messages.Damage(sound) : sound;
            var status = await CallAsync(invoker, method, request, random);
            Assert.False(
                Faults.Contains(status.StatusCode),
                $"Seed {seed}, request {number}: {method.FullName} answered {status.StatusCode} ({status.Detail}) to {Convert.ToHexString(request)}");
        });
    }

    private static async Task<Status> CallAsync(CallInvoker invoker, MethodDescriptor method, byte[] request, Random random)
    {
        var bytes = Marshallers.Create(message => message, message => message);
        var options = new CallOptions(Metadata(random), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2), Cancellation);
        try
        {
            if (method.IsServerStreaming)
            {
                using var call = invoker.AsyncServerStreamingCall(new Method<byte[], byte[]>(MethodType.ServerStreaming, method.Service.FullName, method.Name, bytes, bytes), host: null, options, request);
                // Some readers go before the end.
                for (var left = method.Name == "WatchLoad" ? 1 : random.Next(1, 200); left > 0 && await call.ResponseStream.MoveNext(Cancellation); left--)
                {
                }
            }
            else
            {
                await invoker.AsyncUnaryCall(new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, bytes, bytes), host: null, options, request);
            }

            return Status.DefaultSuccess;
        }
        catch (RpcException error)
        {
            return error.Status;
        }
    }

    private static Metadata Metadata(Random random)
    {
        string[] names = ["x-request-id", "x-tenant", "x-priority", "x-cache-salt", "traceparent", "tracestate"];
        string[] values = ["", "a", "-1", "101", "99999999999999999999", new string('v', 500), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-zz", "a b\tc", "%00%ff"];
        var metadata = new Metadata();
        for (var count = random.Next(4); count > 0; count--)
        {
            metadata.Add(names[random.Next(names.Length)], values[random.Next(values.Length)]);
        }

        return metadata;
    }

    private static async Task AssertUnharmedAsync(WorkerProcess worker, int seed)
    {
        Assert.False(worker.HasExited, $"Seed {seed}: the worker ended.\n{worker.Output}\n{worker.Errors}");
        Assert.Equal("nopqrstuvwxyz", (await Answer.ReadAsync(worker.Client.Generate(
            new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: Cancellation))).Text);
        foreach (var metric in new[] { "fleetops_inference_requests_running", "fleetops_inference_requests_waiting", "fleetops_inference_kv_cache_usage_ratio", "fleetops_inference_kv_cache_usage", "fleetops_worker_calls_open" })
        {
            await Until.HoldsAsync(async () => await Scrape.ValueAsync(worker.Http, metric) == 0, $"{metric} is 0 again");
        }
    }
}
