using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>What tools of others rely on: reflection and health.</summary>
public sealed class ContractTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reflection_lists_the_services_and_gives_their_descriptors()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        using var call = new ServerReflection.ServerReflectionClient(worker.Channel).ServerReflectionInfo(cancellationToken: Cancellation);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        var services = call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ToList();
        Assert.Contains("fleetops.inference.v1.Inference", services);
        Assert.Contains("fleetops.inference.v1.Control", services);
        Assert.Contains("grpc.health.v1.Health", services);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "fleetops.inference.v1.Inference" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom).ToList();
        var inference = files.SelectMany(file => file.Service).Single(service => service.Name == "Inference");
        Assert.Equal(["Generate", "Chat", "Embed", "Rerank", "Tokenize", "Detokenize", "ApplyTemplate"], inference.Method.Select(method => method.Name));
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task Reflection_speaks_both_of_its_versions()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        using var call = new global::Grpc.Reflection.V1.ServerReflection.ServerReflectionClient(worker.Channel).ServerReflectionInfo(cancellationToken: Cancellation);
        await call.RequestStream.WriteAsync(new global::Grpc.Reflection.V1.ServerReflectionRequest { FileByFilename = "fleetops/inference/v1/options.proto" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        Assert.Contains(
            call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom),
            file => file.MessageType.Any(message => message.Name == "SamplingOptions"));
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task A_watch_of_the_health_hears_of_the_drain()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { DrainDelay = TimeSpan.FromSeconds(1) });
        using var watch = new Health.HealthClient(worker.Channel).Watch(new HealthCheckRequest { Service = "readiness" }, cancellationToken: Cancellation);
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
        var ended = worker.StopAsync();
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task An_unknown_service_has_no_health()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Health.HealthClient(worker.Channel).CheckAsync(new HealthCheckRequest { Service = "nobody" }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }
}
