using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>A folder that changes as the kubelet changes a mounted Secret: files are links through <c>..data</c>, which is swapped as a whole.</summary>
internal sealed class SecretMount : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-secret").FullName;
    private int _generation;

    public string Path(string file) => System.IO.Path.Combine(_folder, file);

    public void Swap(params (string Name, string Content)[] files)
    {
        var generation = $"..{++_generation}";
        Directory.CreateDirectory(Path(generation));
        foreach (var (name, content) in files)
        {
            File.WriteAllText(Path($"{generation}/{name}"), content);
            if (!File.Exists(Path(name)))
            {
                File.CreateSymbolicLink(Path(name), $"..data/{name}");
            }
        }

        File.CreateSymbolicLink(Path("..new"), generation);
        // File.Move does not move a link to a folder.
        Assert.Equal(0, Rename(Path("..new"), Path("..data")));
    }

    public void SwapTls(X509Certificate2 pair, string? roots = null, params (string Name, string Content)[] more) => Swap(
        [("tls.crt", pair.ExportCertificatePem()), ("tls.key", pair.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()), ("ca.crt", roots ?? ""), .. more]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [DllImport("libc", EntryPoint = "rename", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename(string from, string to);
}
