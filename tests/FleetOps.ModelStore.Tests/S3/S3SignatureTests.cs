using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>What a signature opens it opens for an hour, and a large file may take longer.</summary>
public sealed class S3SignatureTests
{
    private const int Range = 64 << 10;
    private const int Requests = 4;
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 60 * Range).Build();

    [Fact]
    public async Task Each_range_of_a_large_object_is_signed_when_it_is_asked_for()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        FetchBench bench = bucket.Bench;
        bench.Folder.Write("secret/accessKeyId", "FIRST");
        bench.Folder.Write("secret/secretAccessKey", StandInBucket.Secret);

        // From the tenth request on another key is signed with. Requests that are on their way by then are the last ones of the old key.
        bucket.Refuse = (request, http) =>
        {
            if (request == 10)
            {
                File.Move(bench.Folder.Write("next", "SECOND"), bench.Folder["secret/accessKeyId"], overwrite: true);
            }

            return request > 10 + 2 * Requests && !http.Query["X-Amz-Credential"].ToString().StartsWith("SECOND", StringComparison.Ordinal)
                ? new Refusal(403, "AccessDenied")
                : null;
        };
        ModelFetcherOptions options = bench.Options(bench.Folder["secret"], s3: bucket.Options(key: false), connections: Requests) with { RangeBytes = Range };

        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(StandInBucket.Source, options: options)).Sha256);
        Assert.True(bucket.Seen.Count > 60);
        Assert.Empty(bench.Progress.Faults);
    }
}
